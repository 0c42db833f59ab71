#include "gateway/status.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "gateway/faults.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

enum {
    SILENT_MS = 5000,
    CLOCK_OFF_MS = 300000,
    ENDS_SOON_DAYS = 30,
    RECEIPT_OVERDUE_MS = 60000, /* four times what the uplink waits before it sends again */
    DISK_LOW_MB = 100,
    DRIVING_MPS = 3,
    OFFSET_CHINA_MIN = 480 /* until a licence says it */
};

struct notes {
    json_t *faults, *warnings;
};

/* detail: what a machine has to say about it, or NULL. places: taken over; NULL = none. */
static void note_at(struct notes *notes, enum fault fault, const char *detail, json_t *places)
{
    const struct fault_words *words = fault_words(fault);
    char reason[320];
    const bool has_detail = detail != NULL && detail[0] != '\0';
    (void)snprintf(reason, sizeof reason, "%s%s%s", words->what[WORDS_EN], has_detail ? ": " : "",
                   has_detail ? detail : "");
    json_t *note =
        json_pack("{s:s, s:s, s:o, s:o}", "code", words->code, "part", words->part, "reason",
                  modeljson_text(reason), "detail", has_detail ? modeljson_text(detail) : json_null());
    modeljson_put(&note, "places", places != NULL ? places : json_array());
    (void)json_array_append_new(words->warning ? notes->warnings : notes->faults, note);
}

static void note(struct notes *notes, enum fault fault, const char *detail)
{
    note_at(notes, fault, detail, NULL);
}

/* --- time --- */

/* Seconds since an instant of the same clock; null when that never was. */
static json_t *age_json(int64_t now_ms, int64_t then_ms)
{
    return modeljson_number(then_ms > 0 && now_ms > 0 ? (double)(now_ms - then_ms) / 1000 : (double)NAN, 1);
}

static json_t *clock_json(const struct status_parts *parts, struct notes *notes)
{
    static const char *const clocks[] = {
        [BW_CLOCK_NONE] = "none", [BW_CLOCK_SYSTEM] = "system", [BW_CLOCK_GNSS] = "gnss"};
    struct timespec host = {0};
    (void)clock_gettime(CLOCK_REALTIME, &host); /* cannot fail on Linux */
    const int64_t ahead_ms = (int64_t)host.tv_sec * 1000 + host.tv_nsec / 1000000 - parts->utc_ms;
    const bool comparable = parts->clock == BW_CLOCK_GNSS;
    if (parts->clock == BW_CLOCK_NONE)
        note(notes, FAULT_CLOCK_UNKNOWN, NULL);
    else if (comparable && (ahead_ms > CLOCK_OFF_MS || ahead_ms < -CLOCK_OFF_MS))
        note(notes, FAULT_CLOCK_OFF, NULL);
    const struct bw_licence *licence = watch_licence(parts->watch);
    return json_pack("{s:s, s:o, s:i, s:o}", "source", clocks[parts->clock], "utc",
                     modeljson_instant(parts->utc_ms), "utc_offset_min",
                     licence != NULL ? licence->utc_offset_min : OFFSET_CHINA_MIN, "system_ahead_s",
                     modeljson_number(comparable ? (double)ahead_ms / 1000 : (double)NAN, 1));
}

/* --- sources --- */

static json_t *source_json(const struct source_stats *stats, int64_t mono_ms)
{
    static const char *const states[] = {
        [SOURCE_CLOSED] = "closed", [SOURCE_CONNECTING] = "connecting", [SOURCE_OPEN] = "open"};
    return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o}", "state", states[stats->state], "opened",
                     (json_int_t)stats->opened, "messages", (json_int_t)stats->messages, "refused",
                     (json_int_t)stats->bad, "silent_s", age_json(mono_ms, stats->last_mono_ms), "reason",
                     modeljson_text(stats->reason));
}

/* True when it speaks; else the fault is noted. */
static bool source_speaks(const struct source_stats *stats, int64_t mono_ms, enum fault not_open,
                          enum fault silent, struct notes *notes)
{
    if (stats->state != SOURCE_OPEN)
        note(notes, not_open, stats->reason);
    else if (stats->last_mono_ms == 0 || mono_ms - stats->last_mono_ms > SILENT_MS)
        note(notes, silent, stats->reason);
    else
        return true;
    return false;
}

static json_t *gps_json(const struct status_parts *parts, struct notes *notes)
{
    const struct watch_state *state = watch_state(parts->watch);
    const struct source_stats *stats = source_stats(parts->gps);
    const bool fresh = state->has_position && parts->mono_ms - state->fix_mono_ms <= SILENT_MS;
    const bool speaks = source_speaks(stats, parts->mono_ms, FAULT_GPS_NOT_OPEN, FAULT_GPS_SILENT, notes);
    if (speaks && !fresh)
        note(notes, FAULT_GPS_NO_POSITION, stats->reason);
    json_t *json = source_json(stats, parts->mono_ms);
    modeljson_put(&json, "mode", speaks ? json_integer(parts->gps_mode) : json_null());
    modeljson_put(&json, "satellites",
                  speaks && stats->satellites >= 0 ? json_integer(stats->satellites) : json_null());
    modeljson_put(&json, "position", json_boolean(fresh));
    modeljson_put(&json, "lat", modeljson_degrees(fresh, state->fix.position.lat_deg));
    modeljson_put(&json, "lon", modeljson_degrees(fresh, state->fix.position.lon_deg));
    modeljson_put(&json, "accuracy_m",
                  modeljson_number(fresh ? state->fix.position.accuracy_m : (double)NAN, 1));
    modeljson_put(&json, "speed_kmh", modeljson_number(fresh ? state->fix.speed_mps * 3.6 : (double)NAN, 1));
    modeljson_put(&json, "fix_at", modeljson_instant(state->fix_utc_ms));
    modeljson_put(&json, "fix_age_s",
                  age_json(parts->mono_ms, state->fix_utc_ms > 0 ? state->fix_mono_ms : 0));
    modeljson_put(&json, "driven_s", modeljson_number((double)parts->meter->driven_ms / 1000, 0));
    return json;
}

/* --- cabin --- */

static const char *tri(enum bw_tri value)
{
    static const char *const names[] = {[BW_UNKNOWN] = "unknown", [BW_NO] = "no", [BW_YES] = "yes"};
    return names[value];
}

static json_t *belts_json(const struct bw_belts *belts)
{
    return json_pack("{s:s, s:i, s:i}", "quality", modeljson_quality(belts->quality), "open_low",
                     (int)belts->open_low, "open_high", (int)belts->open_high);
}

static json_t *signal_json(const struct cabinbus_signal *signal, int64_t mono_ms)
{
    static const char *const kinds[CABIN_KINDS] = {"seat",     "belt",  "door",    "in",    "out",
                                                   "ignition", "power", "antenna", "wheel", "button"};
    static const char *const states[] = {
        [CABINBUS_NEVER] = "never",   [CABINBUS_SILENT] = "silent", [CABINBUS_NONSENSE] = "nonsense",
        [CABINBUS_UNSURE] = "unsure", [CABINBUS_STUCK] = "stuck",   [CABINBUS_BELTED] = "belted",
        [CABINBUS_KNOWN] = "known"};
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:I, s:b}", "kind", kinds[signal->kind], "place", signal->place,
        "signal", modeljson_text(signal->name), "state", states[signal->state], "value",
        modeljson_number(signal->state == CABINBUS_KNOWN ? signal->value : (double)NAN, 2), "silent_s",
        age_json(mono_ms, signal->heard_mono_ms), "changed_s", age_json(mono_ms, signal->changed_mono_ms),
        "changes", (json_int_t)signal->changes, "restless", signal->restless);
    if (signal->kind == CABIN_SEAT)
        modeljson_put(&json, "most", json_integer(signal->most));
    return json;
}

/* Every signal; those that are not known, by the fault that they are, and those that are restless. */
static json_t *signals_json(const struct status_parts *parts, json_t *ret_unknown[FAULT_COUNT],
                            json_t **ret_restless)
{
    json_t *signals = json_array();
    for (size_t i = 0; i < cabinbus_signal_count(parts->bus); i++) {
        struct cabinbus_signal signal;
        cabinbus_signal(parts->bus, i, parts->mono_ms, &signal);
        const enum fault fault = signal.kind == CABIN_SEAT   ? FAULT_SEATS_UNKNOWN
                                 : signal.kind == CABIN_BELT ? FAULT_BELTS_UNKNOWN
                                                             : FAULT_SIGNALS_UNKNOWN;
        if (signal.state != CABINBUS_KNOWN)
            (void)json_array_append_new(ret_unknown[fault], json_string(signal.place));
        if (signal.restless)
            (void)json_array_append_new(*ret_restless, json_string(signal.place));
        (void)json_array_append_new(signals, signal_json(&signal, parts->mono_ms));
    }
    return signals;
}

/* Only what has a signal can be wrong, and nothing of it while the bus is silent: that is the one fault then.
 */
static void note_signals(bool speaks, const struct bw_cabin *cabin, json_t *unknown[FAULT_COUNT],
                         json_t *restless, struct notes *notes)
{
    static const enum fault faults[] = {FAULT_SEATS_UNKNOWN, FAULT_BELTS_UNKNOWN, FAULT_SIGNALS_UNKNOWN};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        json_t *places = unknown[faults[i]];
        const bool no_seats = faults[i] == FAULT_SEATS_UNKNOWN && cabin->occupancy.quality != BW_QUALITY_GOOD;
        if (speaks && (json_array_size(places) > 0 || no_seats))
            note_at(notes, faults[i], NULL, json_incref(places));
        json_decref(places);
    }
    if (speaks && json_array_size(restless) > 0)
        note_at(notes, FAULT_SIGNAL_RESTLESS, NULL, json_incref(restless));
    json_decref(restless);
    if (speaks && cabin->counter_deaf)
        note(notes, FAULT_COUNTER_DEAF, NULL);
    if (speaks && cabin->seats_frozen)
        note(notes, FAULT_SEATS_FROZEN, NULL);
    if (cabin->main_power == BW_NO)
        note(notes, FAULT_MAIN_POWER, NULL);
    if (cabin->antenna_ok == BW_NO)
        note(notes, FAULT_ANTENNA, NULL);
}

static void put_estimate(json_t **json, const struct bw_cabin *cabin)
{
    modeljson_put(json, "aboard", modeljson_occupancy(&cabin->occupancy));
    modeljson_put(json, "counted",
                  cabin->counted.known
                      ? json_pack("{s:i, s:i, s:i}", "low", (int)cabin->counted.low, "count",
                                  (int)cabin->counted.count, "high", (int)cabin->counted.high)
                      : json_null());
    modeljson_put(json, "door_open", json_string(tri(cabin->door_open)));
    modeljson_put(json, "ignition_on", json_string(tri(cabin->ignition_on)));
    modeljson_put(json, "belts", belts_json(&cabin->belts));
    modeljson_put(json, "main_power", json_string(tri(cabin->main_power)));
    modeljson_put(json, "antenna_ok", json_string(tri(cabin->antenna_ok)));
    modeljson_put(json, "wheel_kmh",
                  modeljson_number(cabin->wheel_known ? cabin->wheel_mps * 3.6 : (double)NAN, 1));
}

static void put_counts(json_t **json, const struct cabinbus_stats *stats)
{
    modeljson_put(json, "seats", json_integer((json_int_t)stats->seats));
    modeljson_put(json, "belt_signals", json_integer((json_int_t)stats->belts));
    modeljson_put(json, "doors", json_integer((json_int_t)stats->doors));
    modeljson_put(json, "counters", json_integer((json_int_t)stats->counters));
    modeljson_put(json, "unknown_frames", json_integer((json_int_t)stats->unknown_frames));
    modeljson_put(json, "short_frames", json_integer((json_int_t)stats->short_frames));
    modeljson_put(json, "refused_values", json_integer((json_int_t)stats->refused_values));
}

/* By code: how often. */
static json_t *troubles_json(const struct source_stats *stats)
{
    json_t *json = json_object();
    for (size_t i = 0; i < stats->n_troubles; i++)
        modeljson_put(&json, stats->troubles[i].code, json_integer((json_int_t)stats->troubles[i].n));
    return json;
}

static json_t *cabin_json(const struct status_parts *parts, struct notes *notes)
{
    if (parts->bus == NULL)
        return json_null();
    struct bw_cabin cabin;
    struct cabinbus_stats stats;
    cabinbus_estimate(parts->bus, parts->mono_ms, &cabin);
    cabinbus_stats(parts->bus, &stats);
    const struct source_stats *source = source_stats(parts->can);
    json_t *json = source_json(source, parts->mono_ms);
    json_t *restless = json_array(), *unknown[FAULT_COUNT] = {NULL};
    unknown[FAULT_SEATS_UNKNOWN] = json_array();
    unknown[FAULT_BELTS_UNKNOWN] = json_array();
    unknown[FAULT_SIGNALS_UNKNOWN] = json_array();
    modeljson_put(&json, "troubles", troubles_json(source));
    put_estimate(&json, &cabin);
    put_counts(&json, &stats);
    modeljson_put(&json, "driver_warned", json_boolean(watch_warns(parts->watch)));
    modeljson_put(&json, "frames_per_s", modeljson_number(parts->meter->frames_per_s, 0));
    modeljson_put(&json, "signals", signals_json(parts, unknown, &restless));
    const bool speaks = source_speaks(source, parts->mono_ms, FAULT_BUS_NOT_OPEN, FAULT_BUS_SILENT, notes);
    if (source->stays_off)
        note(notes, FAULT_BUS_STAYS_OFF, NULL);
    note_signals(speaks, &cabin, unknown, restless, notes);
    return json;
}

/* --- what the bureau issued --- */

static void note_issued(const struct status_parts *parts, enum issued_kind kind, enum fault fault,
                        struct notes *notes)
{
    const char *refused = watch_fault(parts->watch, kind);
    if (refused[0] != '\0')
        note(notes, fault, refused);
}

struct permits {
    unsigned today;    /* in force on this day of this week */
    int32_t last_day;  /* of those that are active; 0 = none is */
    int32_t today_day; /* 0 = nobody knows */
};

static struct permits count_permits(const struct bw_licence *licence, int64_t utc_ms)
{
    struct permits result = {0};
    int minute, weekday = 0;
    if (utc_ms > 0)
        utc_local(utc_ms, licence->utc_offset_min, &result.today_day, &minute, &weekday);
    for (size_t i = 0; i < licence->n_permits; i++) {
        const struct bw_permit *permit = &licence->permits[i];
        if (permit->status != BW_STATUS_ACTIVE)
            continue;
        if (permit->valid_until_day > result.last_day)
            result.last_day = permit->valid_until_day;
        result.today += weekday > 0 && (permit->weekdays >> (weekday - 1) & 1) != 0 &&
                        permit->valid_from_day <= result.today_day &&
                        result.today_day <= permit->valid_until_day;
    }
    return result;
}

static json_t *licence_json(const struct status_parts *parts, struct notes *notes)
{
    const struct bw_licence *licence = watch_licence(parts->watch);
    note_issued(parts, ISSUED_LICENCE, FAULT_LICENCE_REFUSED, notes);
    if (licence == NULL) {
        note(notes, FAULT_LICENCE_NONE, NULL);
        return json_null();
    }
    const struct permits permits = count_permits(licence, parts->utc_ms);
    const int32_t days_left = permits.last_day - permits.today_day;
    const bool dated = permits.today_day > 0 && permits.last_day > 0;
    if (permits.last_day == 0 || (dated && days_left < 0))
        note(notes, FAULT_LICENCE_ENDED, NULL);
    else if (dated && days_left < ENDS_SOON_DAYS)
        note(notes, FAULT_LICENCE_ENDS_SOON, NULL);
    return json_pack("{s:I, s:o, s:o, s:i, s:i, s:i, s:i, s:o, s:o, s:o}", "version",
                     (json_int_t)licence->version, "issued_at", modeljson_instant(licence->issued_utc_ms),
                     "plate", modeljson_text(licence->plate), "capacity", (int)licence->approved_capacity,
                     "seats", (int)licence->seats, "permits", (int)licence->n_permits, "routes",
                     (int)licence->n_routes, "valid_until", modeljson_date(permits.last_day), "days_left",
                     dated ? json_integer(days_left) : json_null(), "permits_today",
                     permits.today_day > 0 ? json_integer(permits.today) : json_null());
}

/* Those in force now, by name: none when nobody knows the time. */
static json_t *orders_json(const struct status_parts *parts, struct notes *notes)
{
    const struct bw_orders *orders = watch_orders(parts->watch);
    note_issued(parts, ISSUED_ORDERS, FAULT_ORDERS_REFUSED, notes);
    if (orders == NULL)
        return json_null();
    json_t *in_force = json_array();
    for (size_t i = 0; i < orders->n_orders; i++) {
        const struct bw_order *order = &orders->orders[i];
        if (order->from_utc_ms <= parts->utc_ms && parts->utc_ms < order->until_utc_ms)
            (void)json_array_append_new(in_force, modeljson_text(order->order_id));
    }
    return json_pack("{s:I, s:o, s:I, s:o}", "version", (json_int_t)orders->version, "issued_at",
                     modeljson_instant(orders->issued_utc_ms), "held", (json_int_t)orders->n_orders,
                     "in_force", in_force);
}

static json_t *alerts_json(const struct status_parts *parts)
{
    struct bw_alert open[ENGINE_ALERTS_MAX];
    const size_t n = watch_open_alerts(parts->watch, open);
    json_t *alerts = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *alert = json_object();
        modeljson_put_alert(&alert, &open[i]);
        (void)json_array_append_new(alerts, alert);
    }
    return alerts;
}

/* --- memory and way to the bureau --- */

static json_t *class_json(struct outbox *outbox, enum bw_record_class cls, int64_t utc_ms)
{
    struct outbox_depth depth;
    if (outbox == NULL || outbox_depth(outbox, cls, &depth) != 0)
        return json_null();
    return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "waiting", (json_int_t)depth.records, "oldest_seq",
                     (json_int_t)depth.oldest_seq, "next_seq", (json_int_t)depth.next_seq, "evicted",
                     (json_int_t)depth.evicted, "oldest_at", modeljson_instant(depth.oldest_utc_ms),
                     "oldest_s", age_json(utc_ms, depth.oldest_utc_ms));
}

static json_t *disk_json(const char *path, struct notes *notes)
{
    struct statvfs disk;
    if (statvfs(path, &disk) != 0)
        return json_null();
    const uint64_t free_mb = (uint64_t)disk.f_bavail * disk.f_frsize / 1000000;
    if (free_mb < DISK_LOW_MB)
        note(notes, FAULT_DISK_LOW, NULL);
    return json_integer((json_int_t)free_mb);
}

static json_t *outbox_json(const struct status_parts *parts, struct notes *notes)
{
    const struct watch_state *state = watch_state(parts->watch);
    if (state->outbox_fault[0] != '\0')
        note(notes, FAULT_OUTBOX_WRITE, state->outbox_fault);
    if (state->set_aside > 0)
        note(notes, FAULT_OUTBOX_SET_ASIDE, NULL);
    struct outbox *outbox = watch_outbox(parts->watch);
    if (outbox != NULL && outbox_cramped(outbox))
        note(notes, FAULT_DISK_FULL, NULL);
    return json_pack(
        "{s:o, s:o, s:I, s:I, s:I, s:o}", "alert", class_json(outbox, BW_RECORD_ALERT, parts->utc_ms),
        "track", class_json(outbox, BW_RECORD_TRACK, parts->utc_ms), "unsaved", (json_int_t)state->unsaved,
        "lost", (json_int_t)state->lost, "set_aside", (json_int_t)state->set_aside, "disk_free_mb",
        disk_json(parts->config->outbox_path, notes));
}

/* Sent a minute ago and still not confirmed, though the way is open. */
static bool receipt_overdue(const struct status_parts *parts)
{
    const struct status_meter *meter = parts->meter;
    const int64_t since_ms =
        meter->receipt_mono_ms > meter->connected_mono_ms ? meter->receipt_mono_ms : meter->connected_mono_ms;
    if (!meter->connected || parts->mono_ms - since_ms < RECEIPT_OVERDUE_MS || parts->utc_ms == 0)
        return false;
    for (int cls = BW_RECORD_ALERT; cls <= BW_RECORD_TRACK; cls++) {
        struct outbox_depth depth;
        struct outbox *outbox = watch_outbox(parts->watch);
        if (outbox != NULL && outbox_depth(outbox, (enum bw_record_class)cls, &depth) == 0 &&
            depth.oldest_utc_ms > 0 && parts->utc_ms - depth.oldest_utc_ms > RECEIPT_OVERDUE_MS)
            return true;
    }
    return false;
}

/* null: no output is configured. */
static json_t *alarm_json(const struct status_parts *parts, struct notes *notes)
{
    int n = 0;
    for (const char *fault; (fault = alarm_fault(parts->alarm, (size_t)n)) != NULL; n++)
        if (fault[0] != '\0')
            note(notes, FAULT_ALARM, fault);
    if (n == 0)
        return json_null();
    const enum alarm_sound loudest = alarm_loudest(parts->alarm);
    return json_pack("{s:i, s:b, s:i}", "level", alarm_level(loudest), "sounds", loudest != ALARM_SILENT,
                     "outputs", n);
}

static json_t *uplink_json(const struct status_parts *parts, struct notes *notes)
{
    if (parts->uplink == NULL) {
        note(notes, FAULT_UPLINK_NOT_RUNNING, NULL);
        return json_null();
    }
    const struct status_meter *meter = parts->meter;
    struct uplink_stats stats;
    uplink_stats(parts->uplink, &stats);
    if (stats.streams_begun > 0)
        note(notes, FAULT_OUTBOX_FORKED, NULL);
    if (!stats.connected)
        note(notes, FAULT_UPLINK_NOT_CONNECTED, stats.reason);
    else if (receipt_overdue(parts))
        note(notes, FAULT_NO_RECEIPT, NULL);
    return json_pack(
        "{s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "connected", stats.connected,
        "connected_s", age_json(parts->mono_ms, meter->connected ? meter->connected_mono_ms : 0), "connects",
        (json_int_t)stats.connects, "alerts_sent", (json_int_t)stats.sent[0], "tracks_sent",
        (json_int_t)stats.sent[1], "receipts", (json_int_t)stats.receipts, "receipts_refused",
        (json_int_t)stats.receipts_refused, "licences_refused",
        (json_int_t)stats.issued_refused[ISSUED_LICENCE], "orders_refused",
        (json_int_t)stats.issued_refused[ISSUED_ORDERS], "last_receipt_at",
        modeljson_instant(stats.last_receipt_utc_ms), "receipt_s",
        age_json(parts->mono_ms, meter->receipt_mono_ms), "reason", modeljson_text(stats.reason));
}

/* Null when the broker is reached without TLS. */
static json_t *certificate_json(const struct status_parts *parts, struct notes *notes)
{
    static const enum fault faults[] = {
        [CERTIFICATE_UNREADABLE] = FAULT_CERTIFICATE_UNUSABLE,
        [CERTIFICATE_NOT_ITS_KEY] = FAULT_CERTIFICATE_UNUSABLE,
        [CERTIFICATE_ANOTHERS] = FAULT_CERTIFICATE_UNUSABLE,
        [CERTIFICATE_NOT_YET] = FAULT_CERTIFICATE_NOT_YET,
        [CERTIFICATE_ENDED] = FAULT_CERTIFICATE_ENDED,
        [CERTIFICATE_ENDS_SOON] = FAULT_CERTIFICATE_ENDS_SOON,
    };
    const struct gateway_config *config = parts->config;
    struct certificate certificate;
    if (config->broker_cert[0] == '\0')
        return json_null();
    certificate_look(parts->certificate,
                     &(struct certificate_files){.vehicle = config->vehicle,
                                                 .certificate = config->broker_cert,
                                                 .key = config->broker_key,
                                                 .authority = config->broker_ca},
                     parts->utc_ms, &certificate);
    if (certificate.fault != CERTIFICATE_GOOD)
        note(notes, faults[certificate.fault], certificate.detail);
    if (!certificate.known)
        return json_null();
    const int64_t left_ms = certificate.own.not_after_utc_ms - parts->utc_ms;
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "name", modeljson_text(certificate.own.name), "serial",
                     certificate.own.serial, "valid_from",
                     modeljson_instant(certificate.own.not_before_utc_ms), "valid_until",
                     modeljson_instant(certificate.own.not_after_utc_ms), "days_left",
                     parts->utc_ms > 0 ? json_integer((json_int_t)(left_ms / UTC_MS_PER_DAY)) : json_null(),
                     "authority_until", modeljson_instant(certificate.authority.not_after_utc_ms));
}

/* --- the process --- */

/* Resident and shared pages of this process, in KiB; false when the kernel does not say. */
static bool memory(json_int_t *ret_resident_kb, json_int_t *ret_shared_kb)
{
    char line[128] = "", *at = line;
    FILE *file = fopen("/proc/self/statm", "re"); /* size, resident, shared, in pages */
    const bool read = file != NULL && fgets(line, sizeof line, file) != NULL;
    if (file != NULL)
        (void)fclose(file); /* only read from */
    const json_int_t page_kb = sysconf(_SC_PAGESIZE) / 1024;
    (void)strtoll(at, &at, 10);
    *ret_resident_kb = strtoll(at, &at, 10) * page_kb;
    *ret_shared_kb = strtoll(at, &at, 10) * page_kb;
    return read;
}

static json_t *process_json(const struct status_parts *parts)
{
    json_int_t resident_kb, shared_kb;
    const bool known = memory(&resident_kb, &shared_kb);
    return json_pack("{s:I, s:o, s:o, s:o, s:s, s:s}", "pid", (json_int_t)getpid(), "uptime_s",
                     age_json(parts->mono_ms, parts->meter->started_mono_ms), "resident_kb",
                     known ? json_integer(resident_kb) : json_null(), "private_kb",
                     known ? json_integer(resident_kb - shared_kb) : json_null(), "config_hash",
                     parts->config_hash, "dbc_hash", parts->dbc_hash);
}

void status_look(struct status_meter *meter, const struct status_parts *parts)
{
    const int64_t since_ms = parts->mono_ms - meter->at_mono_ms;
    const struct watch_state *state = watch_state(parts->watch);
    if (parts->can != NULL) {
        const uint64_t frames = source_stats(parts->can)->messages;
        if (meter->at_mono_ms > 0 && since_ms > 0)
            meter->frames_per_s = (double)(frames - meter->frames) * 1000 / (double)since_ms;
        meter->frames = frames;
    }
    const bool fresh = state->has_position && parts->mono_ms - state->fix_mono_ms <= SILENT_MS;
    if (meter->at_mono_ms > 0 && fresh && state->fix.speed_mps >= DRIVING_MPS)
        meter->driven_ms += since_ms;
    struct uplink_stats stats = {0};
    if (parts->uplink != NULL)
        uplink_stats(parts->uplink, &stats);
    if (stats.connected && !meter->connected)
        meter->connected_mono_ms = parts->mono_ms;
    meter->connected = stats.connected;
    if (stats.receipts > meter->receipts) /* less: the uplink was begun anew */
        meter->receipt_mono_ms = parts->mono_ms;
    meter->receipts = stats.receipts;
    meter->at_mono_ms = parts->mono_ms;
}

json_t *status_json(const struct status_parts *parts)
{
    json_t *json = json_object();
    struct notes notes = {.faults = json_array(), .warnings = json_array()};
    modeljson_put(&json, "vehicle", json_string(parts->config->vehicle));
    modeljson_put(&json, "division", json_string(parts->config->division));
    modeljson_put(&json, "software", json_string(BUSWARDEN_VERSION));
    modeljson_put(&json, "build", json_string(BUSWARDEN_BUILD));
    modeljson_put(&json, "process", process_json(parts));
    modeljson_put(&json, "clock", clock_json(parts, &notes));
    modeljson_put(&json, "gps", gps_json(parts, &notes));
    modeljson_put(&json, "cabin", cabin_json(parts, &notes));
    modeljson_put(&json, "licence", licence_json(parts, &notes));
    modeljson_put(&json, "orders", orders_json(parts, &notes));
    modeljson_put(&json, "alerts", alerts_json(parts));
    modeljson_put(&json, "alarm", alarm_json(parts, &notes));
    modeljson_put(&json, "outbox", outbox_json(parts, &notes));
    modeljson_put(&json, "certificate", certificate_json(parts, &notes));
    modeljson_put(&json, "uplink", uplink_json(parts, &notes));
    modeljson_put(&json, "faults", notes.faults);
    modeljson_put(&json, "warnings", notes.warnings);
    return json;
}
