# The plain driver over the golden files: nothing crashes, whatever the bytes are.
load helpers

@test "archives with random damage are read or refused" {
    timeout 120 "$ERG_BUILD/tests/fuzz/fuzz-archive" -n 300 -s 1 "$ERG_SRC"/tests/golden/archive/*/*.erg
}

@test "tables with random damage are read or refused" {
    printf 'time_s,A [W],"b, c"\r\n0,1.5e-3,"x""y"\r\n1,,\n\n 2 , 12345678901234567890e-3,"\n"\n' >seed.csv
    printf 'begin_s,end_s,layer\n0,1,a\n' >seed2.csv
    timeout 120 "$ERG_BUILD/tests/fuzz/fuzz-table" -n 50000 -s 1 seed.csv seed2.csv
}
