# bash completion for erg-record and erg-analyze. Verbs and options are read from --help, so they
# are always those of the installed version.

_ergtrace_verbs() {
    "$1" --help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_ergtrace_options() {
    "$1" "$2" --help 2>/dev/null | grep -oE '(^|[ ,])--?[a-z][a-z0-9-]*' | tr -d ' ,' | sort -u
}

# The archive that the line is about: the last that it names, or the newest here.
_ergtrace_archive() {
    local word found=
    for word in "${COMP_WORDS[@]}"; do [[ $word == *.erg && -f $word ]] && found=$word; done
    [[ -n $found ]] || for word in *.erg; do [[ -f $word && ( -z $found || $word -nt $found ) ]] && found=$word; done
    [[ -n $found ]] && printf '%s\n' "$found"
}

# What erg-analyze info says of it; nothing where that takes long.
_ergtrace_info() {
    local archive
    archive=$(_ergtrace_archive) && command timeout 3 erg-analyze info --format json "$archive" 2>/dev/null
}

_ergtrace_rails() { _ergtrace_info | sed -n 's/^ *"rail": "\([^"]*\)",*$/\1/p' | sort -u; }

_ergtrace_settings() {
    _ergtrace_info | awk '/^ *"(tags|factors)": \{$/ { inside = 1; next } /^ *\}/ { inside = 0 }
        inside { sub(/^ *"/, ""); sub(/":.*/, ""); print }' | sort -u
}

# "KIND RAIL" of each channel of this machine, or of --sysfs DIR of the line.
_ergtrace_sensors() {
    local i sysfs=/sys
    for ((i = 1; i < COMP_CWORD; i++)); do [[ ${COMP_WORDS[i]} == --sysfs ]] && sysfs=${COMP_WORDS[i + 1]}; done
    command timeout 3 erg-record sources --reads 0 --sysfs "$sysfs" --format json 2>/dev/null |
        sed -n 's/^      "kind": "\(.*\)",$/k \1/p; s/^ *"rail": "\(.*\)",$/r \1/p' |
        awk '$1 == "k" { kind = $2 } $1 == "r" { print kind, substr($0, 3) }' | sort -u
}

# Values of what stands behind option $2 of verb $1; the verb model has verbs of its own.
_ergtrace_values() {
    case $1:$2 in
    compare:--format) echo text json csv junit markdown ;;
    compare:--by) echo total layer ;;
    sources:--format | calibrate:--format | top:--format) echo text json ;;
    *:--format) echo text json csv ;;
    *:--sort) echo energy time power share name ;;
    *:--by) echo layer type module block network phase ;;
    *:--per) echo counter: iteration macs token request ;;
    *:--energy) echo total above-idle ;;
    *:--objective) echo ets edp ed2p time ;;
    export:--to) echo perfetto perfetto-json folded csv samples layers sqlite ;;
    *:--on) echo slurm ;;
    sweep:--redo) echo unresolved ;;
    *:--rail) echo all-roots; _ergtrace_rails ;;
    sweep:--factor | sweep:--group | model:--group | corun:--group) _ergtrace_settings ;;
    run:--tag | run:--factor) _ergtrace_settings | sed 's/$/=/' ;;
    run:--source | run:-s | top:--source | top:-s | sources:--source | sources:-s | calibrate:-s | calibrate:--source)
        echo auto; _ergtrace_sensors | cut -d' ' -f1 | sort -u ;;
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
    # KIND:RAIL is three words to the shell
    i=$((COMP_CWORD - 1))
    [[ $cur == : ]] && cur= && i=$COMP_CWORD
    if [[ ${COMP_WORDS[i]} == : && ${COMP_WORDS[i - 2]} == @(-s|--source) ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ergtrace_sensors | sed -n "s/^${COMP_WORDS[i - 1]} //p")" -- "$cur")
    elif values=$(_ergtrace_values "$verb" "$prev"); then
        [[ $prev == --tag || $prev$verb == --factorrun ]] && compopt -o nospace
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
