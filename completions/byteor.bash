# Completion of byteor for bash 3.2 and newer; needs nothing of the package bash-completion.
#
#   source <(byteor completion bash)
#
# It asks byteor at every Tab and holds no list of its own.

_byteor_paths() {
  local path plans
  case $1 in
    folders) compgen -d -- "$2" ;;
    plans)
      plans=$(compgen -f -- "$2" | while IFS= read -r path; do
        case $path in
          *.yaml | *.yml | *.json) printf '%s\n' "$path" ;;
          *) if [[ -d ${path/#\~\//$HOME/} ]]; then printf '%s\n' "$path"; fi ;;
        esac
      done)
      if [[ -n $plans ]]; then printf '%s\n' "$plans"; else compgen -f -- "$2"; fi
      ;;
    files) compgen -f -- "$2" ;;
  esac
}

_byteor() {
  COMPREPLY=()
  # Bash cuts words at = and : too. Here they are as byteor would get them, the last up to the cursor.
  local line=${COMP_LINE:0:COMP_POINT} words=() word rest i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    rest=${line#"${line%%[![:space:]]*}"}
    if ((${#word} > ${#rest})); then word=$rest; fi
    if ((i > 0)) && [[ $rest == "$line" ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    line=${rest#"$word"}
  done
  local current=${words[${#words[@]} - 1]}
  # An open quote or an escape: the shell knows better how to go on.
  if [[ $current == *[\"\'\\]* ]]; then
    compopt -o default 2>/dev/null
    return
  fi

  local flags='' prefix='' values=() value
  {
    IFS= read -r flags
    IFS= read -r prefix
    while IFS= read -r value; do values+=("${value%%$'\t'*}"); done
  } < <("${words[0]/#\~\//$HOME/}" completion bash -- "${words[@]:1}" 2>/dev/null)

  # What stands before the last = or : stays on the line; only what is behind it is replaced.
  local breaks='' kept=''
  if [[ $COMP_WORDBREAKS == *=* ]]; then breaks+='='; fi
  if [[ $COMP_WORDBREAKS == *:* ]]; then breaks+=':'; fi
  if [[ -n $breaks ]]; then kept=${current%"${current##*[$breaks]}"}; fi
  if ((${#values[@]} > 0)); then
    for value in "${values[@]}"; do
      value=$prefix$value
      COMPREPLY+=("${value#"$kept"}")
    done
  fi
  local kind
  for kind in $flags; do
    if [[ $kind == open ]]; then
      compopt -o nospace 2>/dev/null
    else
      compopt -o filenames 2>/dev/null
      while IFS= read -r value; do
        value=$prefix$value
        COMPREPLY+=("${value#"$kept"}")
      done < <(_byteor_paths "$kind" "${current#"$prefix"}")
    fi
  done
}

complete -F _byteor byteor
