#!/bin/bash
# For the demo and the tests, which ask the bureau: who they are. Sourced by those that have set $bin (the folder of
# buswarden-bureau), or as a program: deploy/login.sh BIN CONFIG FILE [ROLE [SCHOOL]].
# shellcheck shell=bash

# Writes a header file for `curl -H @FILE` that makes the caller an account of that role, made when it is not there yet.
login() { # CONFIG FILE [ROLE [SCHOOL]]: an administrator, unless it is said
    local name=test-${3:-admin}${4:+-$4} token
    "$bin/buswarden-bureau" user list --config "$1" | grep -q "^$name " ||
        "$bin/buswarden-bureau" user add "$name" --role "${3:-admin}" ${4:+--school "$4"} --random --config "$1" \
            >/dev/null || return
    token=$("$bin/buswarden-bureau" token add "$name" --scope all --days 1 --note "tests" --config "$1" 2>/dev/null) || return
    # curl's arguments, which everybody can read, name the file alone.
    (umask 077 && printf 'Authorization: Bearer %s\n' "$token" >"$2")
}

[ "${BASH_SOURCE[0]}" != "$0" ] || {
    bin=$1
    login "${@:2}"
}
