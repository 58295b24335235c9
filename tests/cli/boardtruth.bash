# What layers truly spent on the simulated board: by its log of the true energy, and the archive's own CTF.

# own_truth RUN.erg TRUTH.log: NETWORK, TYPE, NAME, J of each layer, with tabs between; what layers within it spent
# is not its own.
own_truth() {
    mkdir -p x
    tar -xf "$1" -C x
    find x -name metadata -printf '%h\n' | sort | while read -r trace; do
        babeltrace2 --clock-cycles "$trace" 2>/dev/null
    done | grep 'ergtrace:layer' | awk '
        function field(name, quoted,    s) {
            if (!match($0, "[ {]" name " = " (quoted ? "\"[^\"]*\"" : "-?[0-9]+"))) return ""
            s = substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 4)
            return quoted ? substr(s, 2, length(s) - 2) : s
        }
        { pid = field("vpid"); id = pid "/" field("id") }
        /ergtrace:layer_define:/ {
            if (!(id in known)) print "D", id, pid "/" field("parent"), field("name", 1) "\t" field("type", 1)
            known[id] = 1
            next
        }
        {
            end = substr($1, 2, length($1) - 2); sub(/^0+/, "", end)
            if (/ergtrace:layer_span:/) end = field("end")
            print "I", id, field("begin"), end
        }' >layers.txt
    grep '^I' layers.txt | cut -d' ' -f3,4 | erg-board-truth "$2" --stdin | awk '{ print $NF }' |
        paste -d' ' <(grep '^I' layers.txt) - | cat <(grep '^D' layers.txt) - | awk '
        $1 == "D" { parent[$2] = $3; rest = $0; sub(/^D [^ ]* [^ ]* /, "", rest); what[$2] = rest }
        $1 == "I" { spent[$2] += $5 }
        function network(id) { return parent[id] in what ? network(parent[id]) : substr(what[id], 1, index(what[id], "\t") - 1) }
        END {
            for (id in spent) own[id] += spent[id]
            for (id in spent) if (parent[id] in spent) own[parent[id]] -= spent[id]
            for (id in spent) { split(what[id], w, "\t"); printf "%s\t%s\t%s\t%.9g\n", network(id), w[2], w[1], own[id] }
        }'
}

# holds_truth RUN.erg TRUTH.log: rows by type and by layer that are resolved hold what is true. 95 % of them do; all are
# not far from it. Prints how many there were.
holds_truth() {
    local by
    own_truth "$1" "$2" | jq -Rn '[inputs / "\t" | {network: .[0], type: .[1], name: .[2], j: (.[3] | tonumber)}]' >truth.json
    jq -e 'length > 0' truth.json || return
    for by in type layer; do
        erg-analyze layers --by "$by" --format json "$1" >rows.json 2>warnings || return
        jq -e --arg by "$by" --slurpfile truth truth.json '
            ([$truth[0][] | {key: "\(.network)\t\(if $by == "type" then .type else .name end)", j}] |
                group_by(.key) | map({(.[0].key): (map(.j) | add)}) | add) as $of |
            [.runs[0].layers[] | select(.energy_j.value != null)] as $resolved |
            [$resolved[] | . as $row |
                {name, e: .energy_j, true: ([.name, (.merged_with // [])[] | $of["\($row.network)\t\(.)"]] |
                    if any(. == null) then null else add end)} | select(.true != null)] as $rows |
            ($rows | map(select((.e.value - .true | fabs) > 1.5 * (.e.hi - .e.lo) / 2 + 0.05 * .true))) as $wrong |
            if $rows == [] and any($resolved[]; .calls > 0) then error("no row is one of \($of | keys)")
            elif $wrong == [] then $rows | length else error("\($wrong)") end' rows.json || { cat warnings; return 1; }
    done
}

# example_layers RUN.erg 'NETWORK...': the archive that an example left has layers of exactly these networks, each with
# its energy or, on a board that a busy machine made late, the reason why not. Writes layers.json.
example_layers() {
    erg-analyze layers --lag 0 --format json "$1" >layers.json 2>warnings || { cat warnings; return 1; }
    jq -e --arg networks "$2" '.runs[0] | .simulated and
        ([.layers[].network] | unique == ($networks / " " | sort)) and
        all(.layers[]; (.energy_j.value > 0) or (.energy_j.reason | length > 0))' layers.json
}
