# Completion of byteor for fish.
#
#   byteor completion fish | source
#
# It asks byteor at every Tab and holds no list of its own.

function __byteor_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l answer (command $program completion fish -- $words "$current" 2>/dev/null)
    set -l flags (string split ' ' -- "$answer[1]")
    set -l prefix "$answer[2]"
    for candidate in $answer[3..-1]
        echo -- $prefix$candidate
    end
    set -l rest (string sub --start (math (string length -- "$prefix") + 1) -- "$current")
    if contains plans $flags
        set -l found
        for path in (__fish_complete_path "$rest")
            string match -qr '(\.(yaml|yml|json)|/)(\t.*)?$' -- $path; and set -a found $path
        end
        test (count $found) -gt 0; or set found (__fish_complete_path "$rest")
        for path in $found
            echo -- $prefix$path
        end
    else if contains folders $flags
        for path in (__fish_complete_directories "$rest" '')
            echo -- $prefix$path
        end
    else if contains files $flags
        for path in (__fish_complete_path "$rest")
            echo -- $prefix$path
        end
    end
end

complete --command byteor --no-files --arguments '(__byteor_complete)' --keep-order
