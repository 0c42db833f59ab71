#!/bin/sh
# usage: pure.sh LIBRARY...
#
# The pure libraries take time as an argument and memory from their caller: no clock, no I/O, no heap. What they import
# proves it: only the names below, and what they define themselves. Anything else is listed, and the check fails.
set -eu

# libm: what is computed from its arguments alone (nextafter.. and the rounding functions included).
math='a?(sin|cos|tan)h?|atan2|sincos|exp|exp2|expm1|log|log2|log10|log1p|pow|sqrt|cbrt|hypot|fabs|fmod|remainder|ceil|floor|trunc|round|rint|nearbyint|l?lround|l?lrint|fmin|fmax|fdim|copysign|ldexp|frexp|modf|nan|nextafter'
# Memory and strings of the caller; the checked forms are those of _FORTIFY_SOURCE.
string='mem(cpy|set|move|cmp|chr)|str(cmp|ncmp|len|nlen|chr|rchr|spn|cspn|str)'
# What compilers add: stack protector, assertions, sanitizers, coverage, position independence.
compiler='__stack_chk_fail|__assert_fail|__(asan|ubsan|sanitizer|sancov)_.*|__st(art|op)___sancov_.*|_GLOBAL_OFFSET_TABLE_'
allowed="^(($math)f?|$string|__mem(cpy|set|move)_chk|$compiler)\$"

[ $# -gt 0 ] || { echo "usage: $0 LIBRARY..." >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm --defined-only --format=posix "$@" | awk 'NF > 2 { print $1 }' | sort -u > "$work/defined"
nm --undefined-only --format=posix "$@" | awk 'NF > 1 { print $1 }' | sort -u > "$work/undefined"
[ -s "$work/defined" ] || { echo "no symbols in $*: nothing was checked" >&2; exit 2; }

if comm -13 "$work/defined" "$work/undefined" | grep -vE "$allowed" > "$work/impure"; then
    echo "not pure: $* import $(tr '\n' ' ' < "$work/impure")" >&2
    exit 1
fi
echo "pure: $*"
