# A simulated school morning with real parts: functions that deploy/demo and tests/integration/hard_morning share. Sourced,
# from the project's root; the caller sets program, bin and base, keep (a folder, or empty), and may set broker_names.
# shellcheck shell=bash

. deploy/login.sh || exit 3
export PATH=$PATH:/usr/sbin # gpsd, mosquitto

die() { # STATUS MESSAGE...
    local status=$1
    shift
    echo "$program: $*" >&2
    exit "$status"
}

# --- what is played ---

scenario=sim/scenarios/morning
division=331023
vehicles=(bus-a bus-b bus-c)
# Vehicle, kind and last phase of every alert that the bureau must hold in the end.
story='[["bus-b","OVERLOAD","CLEARED"],["bus-c","OFF_ROUTE","CLEARED"]]'

# Ports base .. base + 7: console, broker, then two for each bus.
set_ports() {
    console_port=$base
    broker_port=$((base + 1))
}
gpsd_port() { echo $((base + 2 + 2 * $1)); } # of vehicle number 0, 1, 2
nmea_port() { echo $((base + 3 + 2 * $1)); }

ports_taken() {
    ss -Hltun "sport >= :$base and sport <= :$((base + 7))" | awk '{print $1, $5}'
}

# --- a folder, and processes that end with this script ---

state=
names=() # of what was started, in order
pids=()

start() { # NAME COMMAND...: in the background, its words in NAME.log
    local name=$1
    shift
    "$@" >"$state/$name.log" 2>&1 &
    names+=("$name")
    pids+=($!)
}

show_log() { # NAME
    echo "$program: the last lines of $1.log:" >&2
    tail -n 15 "$state/$1.log" | sed 's/^/    /' >&2
}

stop_all() {
    local i
    local order=("${!pids[@]}")
    for ((i = ${#order[@]} - 1; i >= 0; i--)); do
        end_process "${pids[order[i]]}" TERM
    done
    names=()
    pids=()
}

clean_up() {
    stop_all
    [ -z "$state" ] || [ -n "$keep" ] || rm -rf "$state"
}

# Signal a process of ours; one that has not ended 20 s later is killed. Its exit status.
end_process() { # PID SIGNAL
    local i
    kill "-$2" "$1" 2>/dev/null
    for ((i = 0; i < 200; i++)); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    [ "$i" -lt 200 ] || kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

# End one part, with SIGNAL (TERM); false when it ends badly, or had done so by itself.
stop() { # NAME [SIGNAL]
    local i status
    for i in "${!names[@]}"; do
        [ "${names[i]}" = "$1" ] || continue
        end_process "${pids[i]}" "${2:-TERM}"
        status=$?
        unset "names[i]" "pids[i]"
        [ "$status" -eq 0 ]
        return
    done
    return 1
}

has_ended() { # NAME
    local i
    for i in "${!names[@]}"; do
        [ "${names[i]}" = "$1" ] || continue
        ! kill -0 "${pids[i]}" 2>/dev/null
        return
    done
}

# Every part must still be running; the bus simulator is the one that may end.
check_parts() {
    local i
    for i in "${!pids[@]}"; do
        kill -0 "${pids[i]}" 2>/dev/null && continue
        show_log "${names[i]}"
        die 3 "${names[i]} has ended by itself"
    done
}

wait_for() { # SECONDS WHAT COMMAND...
    local seconds=$1 what=$2 i
    shift 2
    for ((i = 0; i < seconds * 5; i++)); do
        "$@" >/dev/null 2>&1 && return
        check_parts
        sleep 0.2
    done
    for i in "${names[@]}"; do show_log "$i"; done
    die 3 "waited $seconds s in vain for $what"
}

# --- before anything starts ---

make_folder() {
    if [ -n "$keep" ]; then
        mkdir -p "$keep" || die 3 "cannot make $keep"
        [ -z "$(ls -A "$keep")" ] || die 2 "$keep is not empty"
        state=$(realpath "$keep")
    else
        state=$(mktemp -d /tmp/buswarden-morning.XXXXXX) || die 3 "cannot make a folder in /tmp"
    fi
    chmod 711 "$state" # mosquitto gives up root, and must still reach its part
}

day() { TZ=CST-8 date -d "$*" +%F; } # in China

set_columns() { # FILE COLUMN=VALUE...: in every row
    local file=$1
    shift
    awk -F, -v OFS=, -v settings="$*" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; print; next }
        { n = split(settings, all, " ")
          for (i = 1; i <= n; i++) { split(all[i], one, "="); $column[one[1]] = one[2] }
          print }' "$file" >"$file.new" && mv "$file.new" "$file" || die 3 "cannot write $file"
}

# The registry of the scenario, in force today; the scenario itself, with the places to which it feeds.
copy_scenario() {
    local i v
    cp -r "$scenario" "$state/morning" || die 3 "cannot copy the scenario"
    set_columns "$state/morning/registry/permits.csv" "valid_from=$(day '30 days ago')" \
        "valid_until=$(day '300 days')" weekdays=1234567 window_start=00:00 window_end=23:59
    set_columns "$state/morning/registry/vehicles.csv" "inspected_until=$(day '100 days')"
    set_columns "$state/morning/registry/drivers.csv" "qualified_until=$(day '500 days')"
    for i in "${!vehicles[@]}"; do
        v=${vehicles[i]}
        printf '\n[vehicle %s]\ngpsd_port = %d\nslcan = %s/%s.can\n' "$v" "$(nmea_port "$i")" "$state" "$v"
    done >>"$state/morning/scenario.ini"
}

configure_bureau() {
    cat >"$state/bureau.ini" <<EOF
[bureau]
division = $division
[store]
path = $state/bureau.db
[broker]
host = 127.0.0.1
port = $broker_port
client_id = bureau
log = yes
ca = $state/pki/ca.crt
cert = $state/pki/bureau.crt
key = $state/pki/bureau.key
[pki]
dir = $state/pki
[keys]
secret = $state/bureau.key
[http]
port = $console_port
console = $PWD/bureau/console
EOF
}

# What `enrol` made, with the places of this vehicle's parts.
configure_gateway() { # NUMBER
    local v=${vehicles[$1]}
    sed -e "s|/var/lib/buswarden/|$state/$v/|; s|^socket = .*|socket = $state/$v.sock|" \
        -e "s|^;port = 2947|port = $(gpsd_port "$1")|; s|^;slcan = .*|slcan = $state/$v.can\nbitrate = 6|" \
        -e "s|^;dbc = .*|dbc = $state/morning/bus.dbc|; /^\[broker\]/a presence_s = 2" \
        "$state/$v/gateway.conf" >"$state/$v.ini"
}

# mosquitto reads its files after it has given up root: they are copies that are its own.
configure_broker() {
    local broker=$state/broker
    mkdir "$broker" && cp "$state"/pki/{ca.crt,crl.pem,server.crt,server.key} deploy/mosquitto/buswarden.acl \
        "$bin/buswarden_mosquitto.so" "$broker" ||
        die 3 "cannot write to $broker"
    chmod 600 "$broker/buswarden.acl"
    sed -e "s|@PORT@|$broker_port|" -e "s|@ADDRESS@|127.0.0.1|" -e "s|@PKI@|$broker|" -e "s|@DATA@|$broker|" \
        -e "s|@ACL@|$broker/buswarden.acl|" -e "s|@PLUGIN@|$broker/buswarden_mosquitto.so|" deploy/mosquitto/buswarden.conf >"$broker/mosquitto.conf"
    [ "$(id -u)" -eq 0 ] || return
    chown -R mosquitto: "$broker"
    runuser -u mosquitto -- test -r "$broker/server.key" ||
        die 3 "the user mosquitto cannot reach $broker; choose a --keep folder below one that all may enter"
}

prepare() {
    local i v
    copy_scenario
    configure_bureau
    {
        "$bin/buswarden-bureau" keygen "$state/bureau.key" &&
            "$bin/buswarden-bureau" import "$state/morning/registry" --config "$state/bureau.ini" &&
            "$bin/buswarden-bureau" ca --server "localhost,127.0.0.1${broker_names:+,$broker_names}" --config "$state/bureau.ini"
    } >>"$state/setup.log" 2>&1 || { show_log setup; die 3 "the bureau was not set up"; }
    login "$state/bureau.ini" "$state/auth" >>"$state/setup.log" 2>&1 || { show_log setup; die 3 "there is no account"; }
    configure_broker
    for i in "${!vehicles[@]}"; do
        v=${vehicles[i]}
        {
            "$bin/buswarden-bureau" enrol "$v" --out "$state/$v" --at "$state/$v" --config "$state/bureau.ini" &&
                "$bin/buswarden-bureau" licence "$v" --config "$state/bureau.ini"
        } >>"$state/setup.log" 2>&1 || { show_log setup; die 3 "$v was not enrolled"; }
        configure_gateway "$i"
    done
}

# --- the parts ---

# True when the JSON that comes is as the filter says: `jq -e` of jq 1.6 says so of no JSON at all as well.
json_is() { [ "$(jq "$@")" = true ]; } # [OPTIONS] FILTER [FILE]
get() { curl -fsS --max-time 20 -H "@$state/auth" "http://127.0.0.1:$console_port$1"; }
listening() { ss -Hltn "sport = :$1" | grep -q .; }
bureau_ready() { get /healthz; }
# Every vehicle is there and holds the licence that was issued to it: it came over the broker.
licences_held() {
    get /v1/vehicles | json_is --argjson n ${#vehicles[@]} \
        '[.vehicles[] | select(.online and .licence.held > 0 and .licence.held == .licence.issued)] | length == $n'
}

start_broker() {
    start mosquitto mosquitto -c "$state/broker/mosquitto.conf"
    wait_for 10 "mosquitto" listening "$broker_port"
}

start_bureau() {
    start bureau "$bin/buswarden-bureau" run --config "$state/bureau.ini"
    wait_for 20 "the bureau" bureau_ready
}

start_gpsd() { # NUMBER
    start "${vehicles[$1]}-gpsd" gpsd -N -n -S "$(gpsd_port "$1")" "udp://127.0.0.1:$(nmea_port "$1")"
}

start_gateway() { # NUMBER
    start "${vehicles[$1]}-gateway" "$bin/buswarden-gateway" run --config "$state/${vehicles[$1]}.ini"
}

# --- how it ended ---

status_of() { "$bin"/buswarden-gateway status --config "$state/$1.ini" --json; }

# Whatever a gateway has written is at the bureau and receipted.
delivered() {
    local v
    for v in "${vehicles[@]}"; do
        status_of "$v" | json_is '.outbox.alert.waiting + .outbox.track.waiting == 0' || return 1
    done
}

story_told() {
    get '/v1/alerts?state=all&limit=500' |
        json_is --argjson story "$story" '[.alerts[] | [.vehicle_id, .kind, .phase]] | sort == $story'
}
