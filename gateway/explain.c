#include "gateway/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/utc.h"

/* One fix on the way out, as the judge saw it. */
struct seen {
    int64_t utc_ms;
    struct bw_fix fix;
    struct engine_view view;
};

struct explain {
    const struct bw_licence *licence;
    enum explain_language language;
    FILE *out;
    size_t n_seen; /* fixes outside since the last one inside; the oldest go first */
    struct seen seen[EXPLAIN_FIXES_MAX];
};

/* Names, one language after the other: [EXPLAIN_EN], [EXPLAIN_ZH]. */
static const char *const kinds[][2] = {
    [BW_OVERLOAD] = {"overloaded (Art. 34)", "超员（第三十四条）"},
    [BW_OFF_ROUTE] = {"off the licensed route (Art. 30)", "偏离许可路线（第三十条）"},
    [BW_UNLICENSED] = {"no permit in force (Art. 14-18, 45)", "无有效许可（第十四至十八条、第四十五条）"},
};
static const char *const phases[][2] = {
    [BW_RAISED] = {"raised", "发生"}, [BW_UPDATED] = {"updated", "更新"}, [BW_CLEARED] = {"cleared", "解除"}};
static const char *const severities[][2] = {
    [BW_SEVERITY_NONE] = {"-", "-"},          [BW_NOTICE] = {"notice", "提示"},
    [BW_MINOR] = {"minor", "一般"},           [BW_SERIOUS] = {"serious", "严重"},
    [BW_CRIMINAL] = {"criminal", "涉嫌犯罪"},
};
static const char *const reasons[][2] = {
    [BW_UNLICENSED_NONE] = {"-", "-"},
    [BW_NO_LICENCE] = {"the vehicle holds no licence", "车上没有许可包"},
    [BW_NO_PERMIT] = {"the licence has no permit", "许可包中没有许可"},
    [BW_PERMIT_EXPIRED] = {"the permit has expired", "许可已过期"},
    [BW_PERMIT_NOT_YET] = {"the permit has not begun", "许可尚未生效"},
    [BW_PERMIT_SUSPENDED] = {"the permit is suspended or revoked", "许可已暂停或吊销"},
};

static bool chinese(const struct explain *explain)
{
    return explain->language == EXPLAIN_ZH;
}

struct explain *explain_create(const struct bw_licence *licence, enum explain_language language, FILE *out)
{
    struct explain *explain = calloc(1, sizeof *explain);
    if (explain == NULL)
        return NULL;
    explain->licence = licence;
    explain->language = language;
    explain->out = out;
    return explain;
}

void explain_destroy(struct explain *explain)
{
    free(explain);
}

/* "06:41:04" or "2026-09-15 06:41:04", in the licence's local time. */
static const char *local_time(const struct explain *explain, int64_t utc_ms, bool with_day,
                              char ret[UTC_TEXT_LEN])
{
    utc_format(utc_ms + explain->licence->utc_offset_min * INT64_C(60000), ret);
    if (strlen(ret) < 19)
        return "-";
    ret[10] = ' ';
    ret[19] = '\0';
    return with_day ? ret : ret + 11;
}

static const char *route_name(const struct explain *explain, const char *route_id)
{
    for (size_t i = 0; i < explain->licence->n_routes; i++) {
        const struct bw_route *route = &explain->licence->routes[i];
        if (strcmp(route->route_id, route_id) == 0 && route->name[0] != '\0')
            return route->name;
    }
    return route_id;
}

void explain_event(struct explain *explain, const struct engine *engine, const struct bw_event *event)
{
    if (event->type != BW_EVENT_FIX)
        return;
    const struct engine_view view = engine_view(engine);
    if (!view.outside) {
        explain->n_seen = 0;
        return;
    }
    if (explain->n_seen == EXPLAIN_FIXES_MAX) {
        explain->n_seen--;
        memmove(explain->seen, explain->seen + 1, explain->n_seen * sizeof explain->seen[0]);
    }
    explain->seen[explain->n_seen++] =
        (struct seen){.utc_ms = event->utc_ms, .fix = event->u.fix, .view = view};
}

static void explain_overload(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_overload *e = &alert->evidence.overload;
    const unsigned over = e->peak > e->capacity ? (unsigned)e->peak - e->capacity : 0;
    if (alert->occupancy.quality == BW_QUALITY_UNKNOWN)
        (void)fputs(chinese(explain) ? "  车上人数：不明\n" : "  aboard: not known\n", explain->out);
    else
        (void)fprintf(explain->out,
                      chinese(explain) ? "  车上人数：确定 %u 人，至多 %u 人\n"
                                       : "  aboard: %u for certain, at most %u\n",
                      (unsigned)alert->occupancy.low, (unsigned)alert->occupancy.high);
    (void)fprintf(explain->out,
                  chinese(explain) ? "  核定 %u 人，最多 %u 人，超 %u 人\n"
                                   : "  approved capacity %u, peak %u, %u over\n",
                  (unsigned)e->capacity, (unsigned)e->peak, over);
}

/* The way out, fix by fix, as the judge saw it. */
static void explain_fixes(const struct explain *explain)
{
    char time[UTC_TEXT_LEN];
    (void)fprintf(explain->out,
                  chinese(explain)
                      ? "  时间      车速 km/h  距路线 m  定位漂移 m  证据（达到 %.1f 即预警）\n"
                      : "  time      speed km/h  from line m  strayed m  evidence (raised at %.1f)\n",
                  explain->seen[0].view.raise_at);
    for (size_t i = 0; i < explain->n_seen; i++) {
        const struct seen *seen = &explain->seen[i];
        (void)fprintf(explain->out, "  %s  %9.0f  %9.0f  %9.0f  %9.1f\n",
                      local_time(explain, seen->utc_ms, false, time), seen->fix.speed_mps * 3.6,
                      seen->view.distance_m, seen->view.stray_m, seen->view.score);
    }
}

static void explain_off_route(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_off_route *e = &alert->evidence.off_route;
    char time[UTC_TEXT_LEN];
    (void)fprintf(explain->out,
                  chinese(explain) ? "  最近的许可路线：%s，走廊半宽 %.0f 米\n"
                                   : "  nearest licensed route: %s, half width %.0f m\n",
                  route_name(explain, e->route_id), (double)e->half_width_m);
    if (e->entered)
        (void)fprintf(explain->out,
                      chinese(explain)
                          ? "  %s 离开走廊；现距路线 %.0f 米，最远 %.0f 米，在外 %.0f 秒\n"
                          : "  left its corridor at %s; %.0f m from the line, peak %.0f m, %.0f s outside\n",
                      local_time(explain, e->left_utc_ms, false, time), (double)e->distance_m,
                      (double)e->peak_distance_m, e->outside_ms / 1000.0);
    else
        (void)fprintf(explain->out,
                      chinese(explain) ? "  出发以来从未驶入许可路线；距最近路线 %.0f 米\n"
                                       : "  on no licensed route since the start; %.0f m from the nearest\n",
                      (double)e->distance_m);
    if (alert->severity == BW_NOTICE)
        (void)fputs(chinese(explain) ? "  车上无人：仅作提示，不作违规\n"
                                     : "  nobody was aboard: a notice, no violation\n",
                    explain->out);
    if (alert->phase == BW_RAISED && explain->n_seen > 0)
        explain_fixes(explain);
}

static void explain_unlicensed(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_unlicensed *e = &alert->evidence.unlicensed;
    char day[UTC_DAY_TEXT_LEN] = "-";
    if (e->valid_until_day > 0)
        utc_day_format(e->valid_until_day, day);
    (void)fprintf(explain->out,
                  chinese(explain) ? "  %s；许可 %s，有效期至 %s\n" : "  %s; permit %s, last day %s\n",
                  reasons[e->reason][explain->language], e->permit_no[0] != '\0' ? e->permit_no : "-", day);
}

void explain_alert(struct explain *explain, const struct bw_alert *alert)
{
    static void (*const by_kind[BW_KIND_COUNT])(const struct explain *, const struct bw_alert *) = {
        [BW_OVERLOAD] = explain_overload,
        [BW_OFF_ROUTE] = explain_off_route,
        [BW_UNLICENSED] = explain_unlicensed,
    };
    char time[UTC_TEXT_LEN];
    if (by_kind[alert->kind] == NULL)
        return; /* a kind that the engine of this build does not judge */
    (void)fprintf(
        explain->out,
        chinese(explain) ? "预警 %" PRIu64 "：%s，%s，%s，%s\n" : "Alert %" PRIu64 ": %s, %s, %s %s\n",
        alert->number, kinds[alert->kind][explain->language], severities[alert->severity][explain->language],
        phases[alert->phase][explain->language], local_time(explain, alert->time_utc_ms, true, time));
    if (alert->has_position)
        (void)fprintf(explain->out,
                      chinese(explain) ? "  位置：北纬 %.6f 东经 %.6f\n" : "  position: %.6f N %.6f E\n",
                      alert->position.lat_deg, alert->position.lon_deg);
    by_kind[alert->kind](explain, alert);
    (void)fputc('\n', explain->out); /* the caller asks the stream once whether all was written */
}
