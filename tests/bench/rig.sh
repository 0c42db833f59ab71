# One vehicle with real parts, to measure: functions that `resources` and `soak` share. Sourced from the project's root; the
# caller sets program, bin and keep. A gateway (release build) hears a real gpsd and a cabin bus on a pseudo terminal, and
# talks by TLS to a real mosquitto and a bureau. play.py plays the drive.
# shellcheck shell=bash

. deploy/morning.sh || exit 3
vehicles=(bus-1)

# The recorded drive through Munich, or one of the simulator's when the recordings are not there.
get_drive() {
    local recording=../shared/data/gnss/munich-gps.redated-20260915.nmea
    drive=$state/drive.tpv.json
    if [ -f "$recording" ]; then
        drive_name="12 km through Munich, recorded"
        tests/replay/record "$recording" >"$drive"
    else
        drive_name="bus-a of the simulated morning ($recording is not there)"
        "$bin/buswarden-sim" run "$scenario/scenario.ini" --out "$state/sim" >/dev/null 2>&1 &&
            cp "$state/sim/bus-a.tpv.json" "$drive"
    fi
    [ -s "$drive" ] || die 3 "there is no drive to play"
}

# For prepare() of deploy/morning.sh: the licence is for the drive itself, to and fro, at any time.
copy_scenario() {
    mkdir -p "$state/morning" && tests/replay/route "$drive" "$state/morning/registry" &&
        cp "$scenario/bus.dbc" "$state/morning" || die 3 "no registry was made"
    set_columns "$state/morning/registry/permits.csv" "valid_from=$(day '30 days ago')" "valid_until=$(day '300 days')"
    set_columns "$state/morning/registry/vehicles.csv" "inspected_until=$(day '300 days')"
    set_columns "$state/morning/registry/drivers.csv" "qualified_until=$(day '500 days')"
}

# A certificate for `subscriber`, who may hear everything: what a peer takes that only listens.
enrol_subscriber() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=subscriber -keyout "$state/subscriber.key" \
        -out "$state/subscriber.csr" 2>>"$state/setup.log" &&
        openssl x509 -req -in "$state/subscriber.csr" -CA "$state/pki/ca.crt" -CAkey "$state/pki/ca.key" -set_serial 4242 \
            -days 30 -out "$state/subscriber.crt" 2>>"$state/setup.log" || die 3 "no certificate for the subscriber"
    sed -i '/^plugin/d' "$state/broker/mosquitto.conf" # it knows no such user, and would refuse him
    printf 'user subscriber\ntopic read schoolbus/#\n' >>"$state/broker/buswarden.acl"
}

start_subscriber() {
    start subscriber mosquitto_sub -h 127.0.0.1 -p "$broker_port" --cafile "$state/pki/ca.crt" --cert "$state/subscriber.crt" \
        --key "$state/subscriber.key" -q 1 -F %t -t "schoolbus/v1/$division/bus-1/#"
}

# A sleep that a signal ends.
rest() { # SECONDS
    sleep "$1" &
    wait $!
}

start_rig() { # [online | offline]
    make_folder
    base=$(tests/ports 8 $$) || exit 3
    set_ports
    get_drive
    prepare
    enrol_subscriber
    sed -i '/^presence_s/d' "$state/bus-1.ini" # as it is when nobody sets it
    if [ "${1:-online}" = online ]; then
        start_broker
        start_bureau
    fi
    start_gpsd 0
    # As the unit starts it.
    export "$(sed -n 's/^Environment=//p' deploy/systemd/buswarden-gateway.service)"
    start_gateway 0
    unset GLIBC_TUNABLES
}

start_player() { # OPTIONS...
    start player tests/bench/play.py "$drive" --nmea "$(nmea_port 0)" --can "$state/bus-1.can" "$@"
}

pid_of() { # NAME
    local i
    for i in "${!names[@]}"; do
        [ "${names[i]}" != "$1" ] || echo "${pids[i]}"
    done
}

# --- figures of a process, each one number ---

rollup_kb() { # PID FIELD...: sum
    awk -v fields=" ${*:2} " 'index(fields, " " substr($1, 1, length($1) - 1) " ") { kb += $2 } END { print kb + 0 }' \
        "/proc/$1/smaps_rollup"
}
rss_kb() { rollup_kb "$1" Rss; }
pss_kb() { rollup_kb "$1" Pss; }
private_kb() { rollup_kb "$1" Private_Clean Private_Dirty; }
# What malloc and the stacks take: private memory without a file.
anonymous_kb() { rollup_kb "$1" Anonymous; }
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) * 1000 / hz }' "/proc/$1/stat"; }
switches() { cat /proc/"$1"/task/*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'; }
written_bytes() { awk '/^write_bytes/ { print $2 }' "/proc/$1/io"; }
threads() { ls "/proc/$1/task" | wc -l; }
descriptors() { ls "/proc/$1/fd" | wc -l; }
