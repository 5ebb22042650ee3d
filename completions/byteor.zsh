#compdef byteor
# Completion of byteor for zsh: as the file `_byteor` in a folder of $fpath, or, behind compinit,
#
#   source <(byteor completion zsh)
#
# It asks byteor at every Tab and holds no list of its own.

_byteor() {
  local -a answer flags described suffix
  local prefix line
  # The last word up to the cursor; as byteor would get them, without quotes.
  answer=("${(@f)$(${~words[1]} completion zsh -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  flags=(${=answer[1]})
  prefix=$answer[2]
  compset -P "${(b)prefix}"
  for line in "${(@)answer[3,-1]}"; do
    # A colon would end the candidate.
    described+=("${${line%%$'\t'*}//:/\\:}:${${line#*$'\t'}#${line%%$'\t'*}}")
  done
  if (( ${flags[(Ie)open]} )); then suffix=(-S ''); fi
  (( $#described )) && _describe -V 'byteor' described "${suffix[@]}"
  if (( ${flags[(Ie)plans]} )); then
    _files -g '*.(yaml|yml|json)(-.)'
  elif (( ${flags[(Ie)folders]} )); then
    _files -/
  elif (( ${flags[(Ie)files]} )); then
    _files
  fi
}

# Loaded by its name from $fpath it is called at once; sourced, it is registered.
if [[ $funcstack[1] == _byteor ]]; then
  _byteor "$@"
else
  compdef _byteor byteor
fi
