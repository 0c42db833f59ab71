#include "bureau/report/json.h"

#include "proto/modeljson.h"
#include "proto/utc.h"

#include <stdio.h>

static json_t *number(int64_t n)
{
    return json_integer((json_int_t)n);
}

/* Any day: modeljson_date() takes 1970-01-01 for an unknown one. */
static json_t *date(int32_t day)
{
    char text[UTC_DAY_TEXT_LEN];
    utc_day_format(day, text);
    return json_string(text);
}

static json_t *bands(const int64_t counts[REPORT_BANDS])
{
    json_t *json = json_object();
    int64_t all = 0;
    for (int band = 0; band < REPORT_BANDS; band++)
        all += counts[band];
    modeljson_put(&json, "all", number(all));
    for (int band = BW_NOTICE; band < REPORT_BANDS; band++)
        modeljson_put(&json, modeljson_severity((enum bw_severity)band), number(counts[band]));
    modeljson_put(&json, "unknown", number(counts[0]));
    return json;
}

static json_t *alerts(const struct report_counts *counts)
{
    int64_t all[REPORT_BANDS];
    for (int band = 0; band < REPORT_BANDS; band++)
        all[band] = report_alerts_in(counts, band);
    return bands(all);
}

static json_t *alert_kinds(const struct report_counts *counts)
{
    json_t *json = json_object();
    for (int kind = 1; kind < REPORT_KINDS; kind++)
        modeljson_put(&json, modeljson_kind((enum bw_kind)kind), bands(counts->alerts[kind]));
    modeljson_put(&json, "unknown", bands(counts->alerts[0]));
    return json;
}

static json_t *cases(const struct report_cases *of)
{
    json_t *json = json_object();
    modeljson_put(&json, "found", number(report_cases_found(of)));
    modeljson_put(&json, "rectified", number(report_cases_rectified(of)));
    modeljson_put(&json, "closed", number(of->states[CASE_CLOSED] - of->explained));
    modeljson_put(&json, "going", number(report_cases_going(of)));
    modeljson_put(&json, "overdue", number(of->overdue));
    modeljson_put(&json, "dismissed", number(of->states[CASE_DISMISSED]));
    modeljson_put(&json, "explained", number(of->explained));
    modeljson_put(&json, "handed_over", number(of->handed_over));
    return json;
}

static json_t *case_kinds(const struct report_counts *counts)
{
    json_t *json = json_object();
    for (int kind = 1; kind < CASE_KINDS; kind++)
        if (case_kind_name(kind)[0] != '\0')
            modeljson_put(&json, case_kind_name(kind), cases(&counts->cases[kind]));
    modeljson_put(&json, "unknown", cases(&counts->cases[0]));
    return json;
}

static json_t *sightings(const struct report_sightings *of)
{
    json_t *json = json_object();
    modeljson_put(&json, "all", number(report_sightings_of(of)));
    modeljson_put(&json, "settled", number(of->outcomes[REPORT_SETTLED]));
    modeljson_put(&json, "going", number(of->outcomes[REPORT_GOING]));
    modeljson_put(&json, "dismissed", number(of->outcomes[REPORT_DISMISSED]));
    modeljson_put(&json, "no_case", number(of->outcomes[REPORT_NO_CASE]));
    modeljson_put(&json, "handed_over", number(of->handed_over));
    return json;
}

static json_t *sighting_verdicts(const struct report_counts *counts)
{
    static const char *const names[REPORT_VERDICTS] = {
        [SIGHTING_UNREAD] = "unread",         [SIGHTING_LICENSED] = "licensed",
        [SIGHTING_WRONG_HOUR] = "wrong_hour", [SIGHTING_EXPIRED] = "expired",
        [SIGHTING_SUSPENDED] = "suspended",   [SIGHTING_NO_PERMIT] = "no_permit",
        [SIGHTING_UNKNOWN] = "unknown",
    };
    json_t *json = json_object();
    for (int verdict = 1; verdict < REPORT_VERDICTS; verdict++)
        modeljson_put(&json, names[verdict], sightings(&counts->sightings[verdict]));
    return json;
}

/* Of the trips, alerts, cases and sightings: what a month has, a row and the total. */
static void put_counts(json_t **json, const struct report_counts *counts)
{
    const struct report_cases all_cases = report_cases(counts);
    const struct report_sightings all = report_sightings(counts, false),
                                  suspects = report_sightings(counts, true);
    modeljson_put(json, "trips", number(counts->trips));
    modeljson_put(json, "trips_uncounted", number(counts->trips_uncounted));
    modeljson_put(json, "trips_over", number(counts->trips_over));
    modeljson_put(json, "boarded", report_boarded_unknown(counts) ? json_null() : number(counts->boarded));
    modeljson_put(json, "alerts", alerts(counts));
    modeljson_put(json, "cases", cases(&all_cases));
    modeljson_put(json, "sightings", sightings(&all));
    modeljson_put(json, "sightings_without_permit", sightings(&suspects));
}

static void put_vehicles(json_t **json, const struct report_counts *counts)
{
    modeljson_put(json, "vehicles", number(counts->vehicles));
    modeljson_put(json, "vehicles_permitted", number(counts->vehicles_permitted));
    modeljson_put(json, "vehicles_uninspected", number(counts->vehicles_uninspected));
    modeljson_put(json, "vehicles_ran", number(counts->vehicles_ran));
}

static json_t *seconds(const struct report_time *time, int64_t span_ms)
{
    return time->n > 0 ? modeljson_number((double)span_ms / 1000, 3) : json_null();
}

static json_t *time_of(const struct report_time *time)
{
    json_t *json = json_object();
    modeljson_put(&json, "cases", number(time->n));
    modeljson_put(&json, "median_s", seconds(time, time->median_ms));
    modeljson_put(&json, "p90_s", seconds(time, time->p90_ms));
    return json;
}

static void put_times(json_t **json, const struct report_times *times)
{
    modeljson_put(json, "taken", time_of(&times->taken));
    modeljson_put(json, "case_rectified", time_of(&times->rectified));
}

static json_t *total(const struct report *report)
{
    json_t *json = json_object();
    put_vehicles(&json, &report->total);
    put_counts(&json, &report->total);
    put_times(&json, &report->times);
    modeljson_put(&json, "alert_kinds", alert_kinds(&report->total));
    modeljson_put(&json, "case_kinds", case_kinds(&report->total));
    modeljson_put(&json, "sighting_verdicts", sighting_verdicts(&report->total));
    modeljson_put(&json, "plates_without_permit", number(report->plates));
    return json;
}

static json_t *month(const struct report_month *of)
{
    char name[16];
    json_t *json = json_object();
    (void)snprintf(name, sizeof(name), "%04d-%02d", of->year % 10000, of->month);
    modeljson_put(&json, "month", json_string(name));
    modeljson_put(&json, "from", date(of->from_day));
    modeljson_put(&json, "to", date(of->to_day));
    put_counts(&json, &of->counts);
    modeljson_put(&json, "alert_kinds", alert_kinds(&of->counts));
    return json;
}

static json_t *row(const struct report_row *of)
{
    json_t *json = json_object();
    modeljson_put(&json, "in_registry", json_boolean(of->in_registry));
    modeljson_put(&json, "school_id", of->school_id[0] != '\0' ? modeljson_text(of->school_id) : json_null());
    modeljson_put(&json, "name", modeljson_text(of->name));
    modeljson_put(&json, "township", modeljson_text(of->township));
    modeljson_put(&json, "division", modeljson_text(of->division));
    put_vehicles(&json, &of->counts);
    put_counts(&json, &of->counts);
    put_times(&json, &of->times);
    return json;
}

static json_t *lacking(unsigned purged)
{
    static const char *const names[] = {"trips", "alerts", "cases", "sightings"};
    json_t *json = json_array();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (purged >> i & 1)
            (void)json_array_append_new(json, json_string(names[i]));
    return json;
}

json_t *report_json(const struct report *report)
{
    json_t *json = json_object(), *months = json_array(), *rows = json_array();
    int failed = 0;
    for (size_t i = 0; i < report->n_months; i++)
        failed |= json_array_append_new(months, month(&report->months[i]));
    for (size_t i = 0; i < report->n_rows; i++)
        failed |= json_array_append_new(rows, row(&report->rows[i]));
    modeljson_put(&json, "from", date(report->from_day));
    modeljson_put(&json, "to", date(report->to_day));
    modeljson_put(&json, "made_at", modeljson_instant(report->made_utc_ms));
    modeljson_put(&json, "by", json_string(report->by == REPORT_BY_SCHOOL ? "school" : "township"));
    modeljson_put(&json, "bureau", modeljson_text(report->bureau));
    modeljson_put(&json, "school", modeljson_text(report->school));
    modeljson_put(&json, "may_lack", lacking(report->purged));
    modeljson_put(&json, "total", total(report));
    modeljson_put(&json, "months", months);
    modeljson_put(&json, "rows", rows);
    if (failed == 0)
        return json;
    json_decref(json);
    return NULL;
}
