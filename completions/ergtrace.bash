# bash completion for erg-record and erg-analyze. Verbs and options are read from --help, so they
# are always those of the installed version.

_ergtrace_verbs() {
    "$1" --help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_ergtrace_options() {
    "$1" "$2" --help 2>/dev/null | grep -oE '(^|[ ,])--?[a-z][a-z0-9-]*' | tr -d ' ,' | sort -u
}

# Values of what stands behind option $2 of verb $1; the verb model has verbs of its own.
_ergtrace_values() {
    case $1:$2 in
    compare:--format) echo text json csv junit markdown ;;
    compare:--by) echo total layer ;;
    *:--format) echo text json csv ;;
    *:--sort) echo energy time power share name ;;
    *:--by) echo layer type module block network phase ;;
    *:--per) echo counter: iteration macs token request ;;
    *:--energy) echo total above-idle ;;
    *:--objective) echo ets edp ed2p time ;;
    export:--to) echo perfetto perfetto-json folded csv sqlite ;;
    *:--on) echo slurm ;;
    *:--compress) echo during after ;;
    *:--attach) echo all; command ps -e -o pid= 2>/dev/null ;;
    import:--from) echo csv tegrastats nvidia-smi ptdaemon perf mllog amd-smi powermetrics ipmi chrome-trace nsys ctf ;;
    *:--annotate) echo auto streamline nvtx itt python darknet llama onnxruntime opencv cuda lttng:ros2 ;;
    *:--method) echo ols nnls ridge ;;
    *:--weights) echo none uncertainty relative ;;
    model:model) echo fit predict ;;
    *) return 1 ;;
    esac
}

_ergtrace() {
    local cur=$2 prev=$3 verb=run before= i values
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            # the command that erg-record starts completes as it would by itself
            if declare -F _command_offset >/dev/null; then
                _command_offset $((i + 1))
            elif ((COMP_CWORD == i + 1)); then
                mapfile -t COMPREPLY < <(compgen -c -- "$cur")
            else
                compopt -o default
            fi
            return
        fi
        [[ $i -eq 1 && ${COMP_WORDS[1]} != -* ]] && verb=${COMP_WORDS[1]}
    done
    if values=$(_ergtrace_values "$verb" "$prev"); then
        # of a list the last element is completed
        [[ $cur == *,* ]] && before=${cur%,*},
        mapfile -t COMPREPLY < <(compgen -P "$before" -W "$values" -- "${cur##*,}")
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
