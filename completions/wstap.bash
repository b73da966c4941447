# SPDX-License-Identifier: Apache-2.0
# Completion of wstap's command line for bash. Source it, or put it into the folder of bash-completion as "wstap".

# Prints the options of a command.
_wstap_options() {
  case $1 in
    wstap) echo "-h --help -V --version --config" ;;
    proxy)
      echo "--listen --reverse --allow-remote --proxy-auth --detect-timeout --bridge --lenient-heads --workers" \
        "--ready-file" \
        "--ca-cert --ca-key --upstream-ca -k --insecure --keylog" \
        "--forward --on-anomaly --max-frame --max-message --on-message-limit --close-timeout --idle-timeout" \
        "--rules --max-wait --deflate --inflate --inflate-work --drop-open --force-edit" \
        "--hold --hold-timeout --hold-on-timeout --hold-capacity --hold-bytes --hold-on-full --hold-control" \
        "--hold-keepalive --hold-keepalive-client --control" \
        "--max-connections --dial-timeout --handshake-timeout --max-head --max-headers --max-buffered" \
        "-w --write --force --on-capture-error --fsync --max-recorded-payload --rotate-size --rotate-time" \
        "--print --no-print --json --color -v --verbose -q --quiet --log-format -h --help"
      ;;
    inspect)
      echo "--flows --messages --frame --count --lint --rules --by-rule -Y --filter --format --raw --structured --json -e --fields" \
        "--list-fields --deflate --color --follow -w --write --repair --force -q --quiet -h --help"
      ;;
    intercept) echo "--control --name --jsonl --exec --exec-timeout --jobs --color -h --help" ;;
    intercept-*)
      _wstap_options intercept
      case ${1#intercept-} in
        list) echo "--json -Y --filter" ;;
        show) echo "--raw --json" ;;
        release | drop) echo "--all" ;;
        modify)
          echo "--text --body-file --hex --opcode --fin --no-fin --close-code --close-reason --raw-file --raw-hex"
          ;;
        inject) echo "--flow --to --text --binary --hex --ping --pong --close --close-reason --after" ;;
        watch | flows | stats) echo "--json" ;;
        rules) echo "--reload --json" ;;
      esac
      ;;
    ca) echo "--ca-cert --ca-key -h --help" ;;
    export) echo "--format --password --ca-cert --ca-key -h --help" ;;
    path | show) echo "--ca-cert --ca-key -h --help" ;;
    rules) echo "-h --help" ;;
    check) echo "-q --quiet -h --help" ;;
    echo)
      echo "--listen --tls --name --source --size --ready-file --ca-cert --ca-key -v --verbose -q --quiet" \
        "--log-format -h --help"
      ;;
  esac
}

# Prints the commands of "wstap intercept".
_wstap_reviews() {
  echo "list show release drop modify inject watch flows rules stats"
}

# Prints the words that an option of a command takes.
_wstap_choices() {
  case $1:$2 in
    proxy:--forward) echo "reencode verbatim" ;;
    proxy:--on-anomaly) echo "pass close" ;;
    proxy:--on-message-limit) echo "mark close" ;;
    proxy:--inflate) echo "auto always never" ;;
    proxy:--drop-open) echo "truncate close" ;;
    proxy:--hold-on-timeout) echo "release drop" ;;
    proxy:--hold-on-full) echo "wait release drop" ;;
    proxy:--hold-control) echo "overtake wait" ;;
    proxy:--on-capture-error) echo "stop pass" ;;
    proxy:--fsync) echo "never interval always" ;;
    *:--deflate) echo "on off send receive" ;;
    *:--color) echo "auto always never" ;;
    *:--log-format) echo "text json" ;;
    inspect:--format) echo "text raw structured json jsonl" ;;
    export:--format) echo "pem der p12" ;;
    intercept-modify:--opcode) echo "text binary continuation close ping pong" ;;
    intercept-inject:--to) echo "client server" ;;
  esac
}

# How the argument of an option is completed: none (it has no argument), file, choice or text (not at all).
_wstap_argument() {
  case $1 in
    --config | --ready-file | --ca-cert | --ca-key | --upstream-ca | --keylog | --rules | -w | --write | --repair | \
      --control | --body-file | --raw-file | --binary)
      echo file
      ;;
    --forward | --on-anomaly | --on-message-limit | --deflate | --inflate | --drop-open | --hold-on-* | --hold-control | \
      --on-capture-error | --fsync | --color | --log-format | --format | --opcode | --to)
      echo choice
      ;;
    --listen | --reverse | --proxy-auth | --workers | --frame | --password | --name | --source | --size | \
      --exec | --jobs | --text | --hex | --raw-hex | --flow | --after | --close | --close-code | --close-reason)
      echo text
      ;;
    --hold | --hold-capacity | --hold-bytes | --hold-keepalive* | --*-timeout | --max-* | --rotate-* | --inflate-work)
      echo text
      ;;
    *) echo none ;;
  esac
}

_wstap() {
  local cur=${COMP_WORDS[COMP_CWORD]} option='' command=wstap kind i word
  COMPREPLY=()

  # bash splits "--format=json" into three words.
  if [[ $cur == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 1]} cur=''
  elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  # Which command is it, and does the word before want an argument?
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ $word == -* ]]; then
      kind=$(_wstap_argument "$word")
      if [[ $kind != none && ${COMP_WORDS[i + 1]} != = ]]; then
        if ((i + 1 == COMP_CWORD)); then option=$word; fi
        ((++i))
      fi
    elif [[ $command == intercept && " $(_wstap_reviews) " == *" $word "* ]]; then
      command=intercept-$word
    elif [[ $command == wstap || $command == ca || $command == rules ]]; then
      case $command:$word in
        wstap:proxy | wstap:inspect | wstap:intercept | wstap:ca | wstap:echo | ca:path | ca:show | ca:export | wstap:rules | rules:check) command=$word ;;
      esac
    fi
  done

  local words=''
  kind=none
  [[ -n $option ]] && kind=$(_wstap_argument "$option")
  if [[ $kind == choice ]]; then
    words=$(_wstap_choices "$command" "$option")
  elif [[ $kind == file || ($kind == none && $command == @(inspect|check) && $cur != -*) ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
  elif [[ $kind == text ]]; then
    return
  elif [[ $cur == -* ]]; then
    words=$(_wstap_options "$command")
  elif [[ $command == wstap ]]; then
    words="proxy inspect intercept rules ca echo"
  elif [[ $command == intercept ]]; then
    words=$(_wstap_reviews)
  elif [[ $command == ca ]]; then
    words="path show export"
  elif [[ $command == rules ]]; then
    words="check"
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _wstap wstap
