# bash completion for erg-record and erg-analyze. Verbs and options are read from --help, so they
# are always those of the installed version.

_ergtrace_verbs() {
    "$1" --help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_ergtrace_options() {
    "$1" "$2" --help 2>/dev/null | grep -oE '(^|[ ,])--?[a-z][a-z0-9-]*' | tr -d ' ,' | sort -u
}

_ergtrace_values() {
    case $1 in
    --format) echo text json csv ;;
    --by) echo layer type module network phase ;;
    --energy) echo total above-idle ;;
    --objective) echo ets edp ed2p time ;;
    --to) [ "$2" = erg-analyze ] && echo perfetto folded csv ;;
    --compress) echo during after ;;
    --from) echo tegrastats nvidia-smi ptdaemon ;;
    --annotate) echo auto streamline nvtx itt python darknet cuda ;;
    *) return 1 ;;
    esac
}

_ergtrace() {
    local program=${1##*/} cur=$2 prev=$3 verb=run i values
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            # the command that erg-record starts completes as it would by itself
            declare -F _command_offset >/dev/null && _command_offset $((i + 1))
            return
        fi
        [[ $i -eq 1 && ${COMP_WORDS[1]} != -* ]] && verb=${COMP_WORDS[1]}
    done
    if values=$(_ergtrace_values "$prev" "$program"); then
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ergtrace_options "$1" "$verb")" -- "$cur")
    elif [[ $COMP_CWORD -eq 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ergtrace_verbs "$1")" -- "$cur")
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}

complete -F _ergtrace erg-record erg-analyze
