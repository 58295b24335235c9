#!/usr/bin/env bats
# examples/quickstart and examples/shell, the first commands of README.md.
load helpers

@test "the quickstart records a network, prints its layers and writes a report" {
    skip_unless jq
    skip_without page
    ERG_OUT=$PWD/out "$ERG_SRC/examples/quickstart" squeezenet1.1 3 >text 2>log
    # on a busy machine it may be one with its neighbours
    grep -Eq '^conv1 (\+ .*| *conv) +[0-9]+ ' text
    grep -Eq '^run +1 +[0-9.]+ s ' text
    erg-analyze verify "$(sed -n 's/^archive: //p' text)"
    page=$(sed -n 's/^report: *\(.*\) (open.*/\1/p' text)
    [ "$(head -c 15 "$page")" = '<!DOCTYPE html>' ]
    # power of a model is called so, in the table and on the page
    if grep -q 'simulated board' log; then
        grep -q 'SIMULATED power' text
        grep -qi 'simulated' "$page"
    fi
    run -0 "$ERG_SRC/examples/quickstart" --help
    [[ $output == *"[NETWORK] [SECONDS]"* ]]
}

@test "examples/shell opens a shell where one is, in which what is built is found" {
    skip_unless meson ninja pkg-config
    mkdir own
    cat >own/typed <<'END'
pwd
erg-record --version
erg-analyze --version
command -v erg-board
pkg-config --exists erg && echo header
python3 -c 'import erg; print("package")'
man -w erg-record >/dev/null 2>&1 || echo "no manual"
END
    cd own
    run -0 --separate-stderr env SHELL=/bin/sh PS1= "$ERG_SRC/examples/shell" <typed
    echo "$output"
    [[ ${lines[0]} == "$PWD" ]]
    [[ $output == *"erg-record "*"erg-analyze "*/erg-board*header*package* ]]
    ! command -v man >/dev/null || [[ $output != *"no manual"* ]]
    # meson before 1.0 has no folder to begin in
    mkdir ../old
    cat >../old/meson <<END
#!/bin/sh
case "\$*" in
"devenv --help") $(command -v meson) devenv --help | grep -v workdir ;;
*" -w "*) exit 9 ;;
*) exec $(command -v meson) "\$@" ;;
esac
END
    chmod +x ../old/meson
    run -0 --separate-stderr env SHELL=/bin/sh PS1= PATH="$PWD/../old:$PATH" "$ERG_SRC/examples/shell" <typed
    [[ ${lines[0]} == "$PWD" && $output == *header* ]]
    run -2 "$ERG_SRC/examples/shell" no-such-package
    [[ $output == *'no part or package "no-such-package"'* ]]
    run -0 "$ERG_SRC/examples/shell" --help
    [[ $output == *"[PACKAGE]"* ]]
}
