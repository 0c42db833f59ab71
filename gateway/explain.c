#include "gateway/explain.h"

#include <inttypes.h>
#include <math.h>
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
    enum words_language language;
    FILE *out;
    size_t n_seen; /* fixes outside since the last one inside; the oldest go first */
    struct seen seen[EXPLAIN_FIXES_MAX];
};

static bool chinese(const struct explain *explain)
{
    return explain->language == WORDS_ZH;
}

struct explain *explain_create(const struct bw_licence *licence, enum words_language language, FILE *out)
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

static const char *stop_name(const struct explain *explain, const char *stop_id)
{
    for (size_t i = 0; i < explain->licence->n_stops; i++) {
        const struct bw_stop *stop = &explain->licence->stops[i];
        if (strcmp(stop->stop_id, stop_id) == 0 && stop->name[0] != '\0')
            return stop->name;
    }
    return stop_id;
}

static const char *or_dash(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

enum { NUMBER_LEN = 24, DURATION_LEN = 48 };

/* Whole units; "?" for what is no number. */
static const char *number(float value, char ret[NUMBER_LEN])
{
    if (isfinite(value))
        (void)snprintf(ret, NUMBER_LEN, "%.0f", fmax(-1e15, fmin((double)value, 1e15)));
    else
        memcpy(ret, "?", 2);
    return ret;
}

static const char *duration(const struct explain *explain, uint32_t duration_ms, char ret[DURATION_LEN])
{
    const unsigned s = duration_ms / 1000, min = s / 60;
    const bool zh = chinese(explain);
    if (s < 120)
        (void)snprintf(ret, DURATION_LEN, zh ? "%u 秒" : "%u s", s);
    else if (min < 120)
        (void)snprintf(ret, DURATION_LEN, zh ? "%u 分 %u 秒" : "%u min %u s", min, s % 60);
    else
        (void)snprintf(ret, DURATION_LEN, zh ? "%u 小时 %u 分" : "%u h %u min", min / 60, min % 60);
    return ret;
}

static void minutes(const struct explain *explain, int min, char ret[DURATION_LEN])
{
    const bool zh = chinese(explain);
    if (min < 120)
        (void)snprintf(ret, DURATION_LEN, zh ? "%d 分钟" : "%d min", min);
    else
        (void)snprintf(ret, DURATION_LEN, zh ? "%d 小时 %d 分" : "%d h %d min", min / 60, min % 60);
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
    if (e->exempted_by[0] != '\0')
        (void)fprintf(explain->out,
                      chinese(explain) ? "  指令 %s 准许绕行（第三十条所列情形）\n"
                                       : "  order %s allows it (an exception of Art. 30)\n",
                      e->exempted_by);
    else if (alert->severity == BW_NOTICE)
        (void)fputs(chinese(explain) ? "  车上无人\n" : "  nobody was aboard\n", explain->out);
    if (alert->phase == BW_RAISED && explain->n_seen > 0)
        explain_fixes(explain);
}

static void explain_unlicensed(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_unlicensed *e = &alert->evidence.unlicensed;
    char day[UTC_DAY_TEXT_LEN] = "";
    if (e->valid_until_day > 0)
        utc_day_format(e->valid_until_day, day);
    (void)fprintf(explain->out, "  %s", words_reason(explain->language, e->reason));
    if (e->reason == BW_INSPECTION_EXPIRED)
        (void)fprintf(explain->out, chinese(explain) ? "；检验有效期至 %s" : "; it was valid until %s",
                      or_dash(day));
    else if (e->reason == BW_SCRAPPED)
        (void)fprintf(explain->out, chinese(explain) ? "；报废日期 %s" : "; that day is %s", or_dash(day));
    else if (e->permit_no[0] != '\0')
        (void)fprintf(explain->out, chinese(explain) ? "；许可 %s，有效期至 %s" : "; permit %s, last day %s",
                      e->permit_no, or_dash(day));
    (void)fputc('\n', explain->out);
}

/* How far outside its window a minute is: negative before it, positive after it. A window whose start is
 * after its end crosses midnight: then the nearer end counts. */
static int minutes_outside(const struct bw_evidence_out_of_hours *e)
{
    const int before = e->window_start_min - e->local_min, after = e->local_min - e->window_end_min;
    if (e->window_start_min > e->window_end_min && before > 0 && after > 0)
        return after <= before ? after : -before;
    if (e->window_start_min > e->window_end_min)
        return 0;
    return before > 0 ? -before : after > 0 ? after : 0;
}

static void explain_out_of_hours(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_out_of_hours *e = &alert->evidence.out_of_hours;
    char start[UTC_MINUTE_TEXT_LEN], end[UTC_MINUTE_TEXT_LEN], now[UTC_MINUTE_TEXT_LEN];
    char outside[DURATION_LEN];
    utc_minute_format(e->window_start_min, start);
    utc_minute_format(e->window_end_min, end);
    utc_minute_format(e->local_min, now);
    (void)fprintf(explain->out,
                  chinese(explain) ? "  许可 %s 当日时段：%s 至 %s；当时 %s"
                                   : "  permit %s, hours of this day: %s to %s; it was %s",
                  or_dash(e->permit_no), start, end, now);
    const int outside_min = minutes_outside(e);
    minutes(explain, abs(outside_min), outside);
    if (outside_min < 0)
        (void)fprintf(explain->out, chinese(explain) ? "，早 %s" : ", %s before they begin", outside);
    else if (outside_min > 0)
        (void)fprintf(explain->out, chinese(explain) ? "，晚 %s" : ", %s after they end", outside);
    (void)fputc('\n', explain->out);
}

static void explain_unapproved_stop(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_unapproved_stop *e = &alert->evidence.unapproved_stop;
    char distance[NUMBER_LEN], radius[NUMBER_LEN], open[DURATION_LEN];
    if (e->stop_id[0] == '\0')
        (void)fputs(chinese(explain) ? "  许可中没有停靠站点\n" : "  the licence has no stop\n",
                    explain->out);
    else
        (void)fprintf(explain->out,
                      chinese(explain) ? "  最近的停靠站点：%s，相距 %s 米，站点范围 %s 米\n"
                                       : "  nearest approved stop: %s, %s m away; it reaches %s m\n",
                      stop_name(explain, e->stop_id), number(e->distance_m, distance),
                      number(e->radius_m, radius));
    if (e->boarded == 0 && e->alighted == 0)
        (void)fputs(chinese(explain) ? "  有无学生上下：不明\n"
                                     : "  whether anybody boarded or alighted: not known\n",
                    explain->out);
    else
        (void)fprintf(explain->out,
                      chinese(explain) ? "  确定上车 %u 人，下车 %u 人\n"
                                       : "  for certain %u boarded, %u alighted\n",
                      (unsigned)e->boarded, (unsigned)e->alighted);
    (void)fprintf(explain->out, chinese(explain) ? "  车门开启 %s\n" : "  the door stood open for %s\n",
                  duration(explain, e->door_open_ms, open));
}

static void explain_overspeed(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_overspeed *e = &alert->evidence.overspeed;
    char speed[NUMBER_LEN], peak[NUMBER_LEN], limit[NUMBER_LEN], over[NUMBER_LEN], time[DURATION_LEN];
    const float percent = floorf((e->peak_kmh - e->limit_kmh) * 100 / e->limit_kmh);
    (void)fprintf(explain->out,
                  chinese(explain)
                      ? "  车速 %s km/h，连续三次定位认定 %s km/h；限速 %s km/h：%s"
                      : "  speed %s km/h, shown by three fixes in a row %s km/h; limit %s km/h: %s",
                  number(e->speed_kmh, speed), number(e->peak_kmh, peak), number(e->limit_kmh, limit),
                  words_limit(explain->language, e->source, e->motorway));
    if (e->order_id[0] != '\0')
        (void)fprintf(explain->out, chinese(explain) ? " %s" : ", %s", e->order_id);
    (void)fprintf(explain->out,
                  chinese(explain) ? "\n  认定超过限速 %s%%，共超速行驶 %s\n"
                                   : "\n  by these %s %% over the limit; %s over it in all\n",
                  number(percent, over), duration(explain, e->over_ms, time));
}

static void explain_unbelted(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_unbelted *e = &alert->evidence.unbelted;
    char speed[NUMBER_LEN];
    (void)fprintf(explain->out,
                  chinese(explain) ? "  确定有 %u 人未系安全带，最多 %u 人；车速 %s km/h\n"
                                   : "  seated with an open belt: %u for certain, peak %u; speed %s km/h\n",
                  (unsigned)e->unbelted, (unsigned)e->peak, number(e->speed_kmh, speed));
}

static void explain_door_open(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_door_open *e = &alert->evidence.door_open;
    char speed[NUMBER_LEN], peak[NUMBER_LEN], open[DURATION_LEN];
    (void)fprintf(explain->out,
                  chinese(explain) ? "  车门未关行驶 %s；车速 %s km/h，最高 %s km/h\n"
                                   : "  driven with an open door for %s; speed %s km/h, peak %s km/h\n",
                  duration(explain, e->open_ms, open), number(e->speed_kmh, speed),
                  number(e->peak_kmh, peak));
}

static void explain_left_behind(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_left_behind *e = &alert->evidence.left_behind;
    char waiting[DURATION_LEN];
    (void)fprintf(explain->out,
                  chinese(explain)
                      ? "  熄火且车门全部关闭 %s；车内确定有 %u 人；车内报警：%s\n"
                      : "  engine off and all doors closed for %s; aboard for certain: %u; alarm in "
                        "the vehicle: %s\n",
                  duration(explain, e->waiting_ms, waiting), (unsigned)e->aboard,
                  words_alarm(explain->language, e->level));
    if (alert->phase != BW_CLEARED)
        (void)fputs(chinese(explain) ? "  请立即到车内查看\n" : "  look into the vehicle at once\n",
                    explain->out);
}

static void explain_sensor_fault(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_sensor_fault *e = &alert->evidence.sensor_fault;
    char lasting[DURATION_LEN];
    (void)fprintf(explain->out, chinese(explain) ? "  %s，已 %s\n" : "  %s, for %s\n",
                  words_fault(explain->language, e->fault), duration(explain, e->for_ms, lasting));
    if (e->seats_unknown > 0)
        (void)fprintf(explain->out,
                      chinese(explain) ? "  状态不明的座位至多可坐 %u 人\n"
                                       : "  the silent seats could hold %u\n",
                      (unsigned)e->seats_unknown);
}

static void explain_tamper(const struct explain *explain, const struct bw_alert *alert)
{
    const struct bw_evidence_tamper *e = &alert->evidence.tamper;
    char lasting[DURATION_LEN], moved[NUMBER_LEN];
    duration(explain, e->for_ms, lasting);
    number(e->moved_m, moved);
    (void)fprintf(explain->out, "  %s", words_tamper(explain->language, e->tamper));
    if (e->tamper == BW_TAMPER_CLOCK)
        (void)fprintf(explain->out, chinese(explain) ? "，倒退 %s" : ", by %s", lasting);
    else if (e->tamper == BW_TAMPER_POSITION)
        (void)fprintf(explain->out, chinese(explain) ? "，跳变 %s 米" : ", by %s m", moved);
    else if (e->tamper == BW_TAMPER_JAMMED)
        (void)fprintf(explain->out, chinese(explain) ? "，已 %s，其间行驶 %s 米" : ", for %s and %s m driven",
                      lasting, moved);
    else if (e->tamper == BW_TAMPER_SEATS_EMPTY)
        (void)fprintf(explain->out, chinese(explain) ? "，至少 %u 人，已 %s" : ", at least %u, for %s",
                      (unsigned)e->persons, lasting);
    else
        (void)fprintf(explain->out, chinese(explain) ? "，已 %s" : ", for %s", lasting);
    (void)fputs(chinese(explain)
                    ? "\n  原因须到车上核实；不说明学生乘车违规\n"
                    : "\n  the cause is to be found at the vehicle; it says nothing of how pupils "
                      "were carried\n",
                explain->out);
}

void explain_alert(struct explain *explain, const struct bw_alert *alert)
{
    static void (*const by_kind[BW_KIND_COUNT])(const struct explain *, const struct bw_alert *) = {
        [BW_OVERLOAD] = explain_overload,
        [BW_OFF_ROUTE] = explain_off_route,
        [BW_OUT_OF_HOURS] = explain_out_of_hours,
        [BW_UNAPPROVED_STOP] = explain_unapproved_stop,
        [BW_UNLICENSED] = explain_unlicensed,
        [BW_OVERSPEED] = explain_overspeed,
        [BW_UNBELTED] = explain_unbelted,
        [BW_DOOR_OPEN_MOVING] = explain_door_open,
        [BW_CHILD_LEFT_BEHIND] = explain_left_behind,
        [BW_SENSOR_FAULT] = explain_sensor_fault,
        [BW_TAMPER] = explain_tamper,
    };
    const enum words_language language = explain->language;
    char time[UTC_TEXT_LEN];
    (void)fprintf(explain->out,
                  chinese(explain) ? "预警 %" PRIu64 "：%s，%s，%s，%s，%s\n"
                                   : "Alert %" PRIu64 ": %s, %s, %s, %s %s\n",
                  alert->number, words_kind(language, alert->kind), words_article(language, alert->kind),
                  words_severity(language, alert->severity), words_phase(language, alert->phase),
                  local_time(explain, alert->time_utc_ms, true, time));
    if (alert->has_position)
        (void)fprintf(explain->out,
                      chinese(explain) ? "  位置：北纬 %.6f 东经 %.6f\n" : "  position: %.6f N %.6f E\n",
                      alert->position.lat_deg, alert->position.lon_deg);
    if (alert->kind > BW_KIND_UNSPECIFIED && alert->kind < BW_KIND_COUNT)
        by_kind[alert->kind](explain, alert);
    if (alert->severity == BW_NOTICE)
        (void)fputs(chinese(explain) ? "  仅作提示，不认定违规\n" : "  a notice: it accuses nobody\n",
                    explain->out);
    (void)fputc('\n', explain->out); /* the caller asks the stream once whether all was written */
}
