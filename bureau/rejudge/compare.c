#include "bureau/rejudge/compare.h"

bool compare_is_said(const struct compare_said *said, const struct trackjudge_span *span)
{
    for (size_t i = 0; i < said->n_alerts; i++) {
        const struct compare_alert *alert = &said->alerts[i];
        if (alert->kind == span->kind && alert->from_utc_ms <= span->to_utc_ms + COMPARE_APART_MS &&
            (alert->to_utc_ms > INT64_MAX - COMPARE_APART_MS ||
             alert->to_utc_ms + COMPARE_APART_MS >= span->from_utc_ms))
            return true;
    }
    return false;
}

static uint32_t hold_ms(enum bw_kind kind, const struct bw_thresholds *thresholds)
{
    switch (kind) {
    case BW_OVERLOAD:
        return thresholds->overload_hold_ms;
    case BW_OUT_OF_HOURS:
        return thresholds->out_of_hours_hold_ms;
    case BW_UNLICENSED:
        return thresholds->unlicensed_hold_ms;
    default:
        return 0;
    }
}

/* Whatever starts, or licence taken up, fell into its midst: half of it is longer than the hold. */
static int64_t enough_ms(enum bw_kind kind, const struct bw_thresholds *thresholds)
{
    if (kind == BW_OFF_ROUTE) /* far off the evidence grows by one a second at least */
        return COMPARE_OFF_ROUTE_MS + 2 * (int64_t)thresholds->off_route_evidence_milli;
    return COMPARE_SURE_MS + 2 * (int64_t)hold_ms(kind, thresholds);
}

static bool overlap(const struct trackjudge_sure *sure, int64_t from_utc_ms, int64_t to_utc_ms)
{
    return sure->from_utc_ms <= to_utc_ms && from_utc_ms <= sure->to_utc_ms;
}

/* The trip itself says that more were aboard than approved, for certain. */
static bool trip_agrees(const struct compare_said *said, const struct trackjudge_sure *sure)
{
    for (size_t i = 0; i < said->n_trips; i++)
        if (said->trips[i].over_s >= COMPARE_OVER_S &&
            overlap(sure, said->trips[i].from_utc_ms, said->trips[i].to_utc_ms))
            return true;
    return false;
}

/* The part that is proof, if it is long enough. A licence that was taken up in its midst made the gateway
 * begin anew. */
static bool is_long(const struct compare_said *said, const struct compare_shown *shown,
                    const struct trackjudge_span *span, struct trackjudge_sure *ret)
{
    const bool unless_strict = (span->kind == BW_OFF_ROUTE && shown->n_others == 0) ||
                               (span->kind == BW_OVERLOAD && trip_agrees(said, &span->sure));
    *ret = unless_strict ? span->sure : span->strict;
    return ret->to_utc_ms - ret->from_utc_ms >= enough_ms(span->kind, shown->thresholds);
}

static bool so_under_others(const struct compare_said *said, const struct compare_shown *shown,
                            const struct trackjudge_sure *sure)
{
    for (size_t i = 0; i < shown->n_others; i++) {
        bool so = false;
        for (size_t k = 0; k < shown->others[i].n && !so; k++) {
            const struct trackjudge_span *span = &shown->others[i].spans[k];
            struct trackjudge_sure other;
            so = span->kind == shown->span->kind && is_long(said, shown, span, &other) &&
                 overlap(sure, other.from_utc_ms, other.to_utc_ms);
        }
        if (!so)
            return false;
    }
    return true;
}

enum compare_doubt compare_doubt(const struct compare_said *said, const struct compare_shown *shown)
{
    const struct trackjudge_span *span = shown->span;
    struct trackjudge_sure sure;
    if (span->kind == BW_OVERSPEED)
        return DOUBT_SPEED;
    if (!is_long(said, shown, span, &sure))
        return DOUBT_SHORT;
    const int64_t from_utc_ms =
        sure.from_utc_ms > shown->known_utc_ms ? sure.from_utc_ms : shown->known_utc_ms;
    const bool forgot = span->kind == BW_OFF_ROUTE && sure.since_utc_ms < shown->known_utc_ms;
    if (forgot || sure.to_utc_ms - enough_ms(span->kind, shown->thresholds) < from_utc_ms ||
        !so_under_others(said, shown, &sure))
        return DOUBT_LICENCE;
    sure.from_utc_ms = sure.since_utc_ms;
    for (size_t i = 0; i < said->n_gaps; i++) {
        const struct compare_gap *gap = &said->gaps[i];
        if (overlap(&sure, gap->from_utc_ms - COMPARE_NEAR_MS, gap->to_utc_ms + COMPARE_NEAR_MS))
            return gap->loss == COMPARE_RESTART ? DOUBT_RESTART : DOUBT_HOLE;
    }
    const bool waits = said->alerts_wait && shown->received_utc_ms > said->patient_utc_ms;
    return waits || shown->received_utc_ms > said->settled_utc_ms ? DOUBT_WAITING : DOUBT_NONE;
}

static const struct {
    const char *name, *en, *zh;
} doubts[DOUBT_COUNT] = {
    [DOUBT_NONE] = {"none", "", ""},
    [DOUBT_SHORT] = {"short", "not beyond doubt for long enough", "确凿时间不够长"},
    [DOUBT_LICENCE] = {"licence", "not so under every licence that it may have held",
                       "按其可能持有的另一版许可包并非如此"},
    [DOUBT_RESTART] = {"restart", "its gateway was started or ended near it", "其间车载终端曾启动或停止"},
    [DOUBT_HOLE] = {"hole", "alerts of that time are not held here", "本机缺少该时段的预警记录"},
    [DOUBT_WAITING] = {"waiting", "alerts may still be on their way", "预警可能仍在上传途中"},
    [DOUBT_SPEED] = {"speed", "its receiver may have given it no speed", "其接收机可能不提供速度"},
};

const char *compare_doubt_name(enum compare_doubt doubt)
{
    return doubts[doubt].name;
}

const char *compare_doubt_words(enum compare_doubt doubt, bool zh)
{
    return zh ? doubts[doubt].zh : doubts[doubt].en;
}
