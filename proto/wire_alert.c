#include "proto/wire_alert.h"

#include <errno.h>
#include <math.h>

#include "buswarden/v1/record.pb-c.h"
#include "proto/wire_common.h"

enum {
    MINUTES_MAX = 24 * 60,
    SPEED_MAX_KMH_E1 = 10000,
    ALARM_LEVEL_MAX = BUSWARDEN__V1__ALARM_LEVEL__ALARM_LEVEL_HORN_AND_LIGHTS,
};

/* --- parts --- */

void wire_fill_position(Buswarden__V1__Position *to, double lat_deg, double lon_deg, double accuracy_m)
{
    to->lat_e7 = wire_to_e7(lat_deg);
    to->lon_e7 = wire_to_e7(lon_deg);
    to->accuracy_dm = wire_to_dm(accuracy_m);
}

bool wire_take_position(const Buswarden__V1__Position *from, struct bw_position *ret)
{
    if (from == NULL || !wire_e7_valid(from->lat_e7, from->lon_e7) || from->accuracy_dm > WIRE_DM_MAX)
        return false;
    ret->lat_deg = from->lat_e7 / 1e7;
    ret->lon_deg = from->lon_e7 / 1e7;
    ret->accuracy_m = from->accuracy_dm > 0 ? from->accuracy_dm / 10.0 : (double)NAN;
    return true;
}

void wire_fill_occupancy(Buswarden__V1__Occupancy *to, const struct bw_occupancy *from)
{
    to->quality = (Buswarden__V1__Quality)from->quality;
    to->low = from->low;
    to->count = from->count;
    to->high = from->high;
}

bool wire_take_occupancy(const Buswarden__V1__Occupancy *from, struct bw_occupancy *ret)
{
    *ret = (struct bw_occupancy){0};
    if (from == NULL || (!wire_within((int)from->quality, BW_QUALITY_DEGRADED, BW_QUALITY_GOOD)))
        return true;
    if (!wire_fits_u16(from->high) || from->low > from->count || from->count > from->high)
        return false;
    *ret = (struct bw_occupancy){.quality = (enum bw_quality)from->quality,
                                 .low = (uint16_t)from->low,
                                 .count = (uint16_t)from->count,
                                 .high = (uint16_t)from->high};
    return true;
}

static uint32_t at_most(uint32_t value, uint32_t max)
{
    return value < max ? value : max;
}

static bool take_u16(uint32_t from, uint32_t max, uint16_t *ret)
{
    *ret = (uint16_t)from;
    return from <= max;
}

static bool take_count(uint32_t from, uint16_t *ret)
{
    return take_u16(from, UINT16_MAX, ret);
}

/* Divided as a double: a float that is written again gives the same tenths. */
static bool take_tenths(uint32_t from, uint32_t max, float *ret)
{
    *ret = (float)(from / 10.0);
    return from <= max;
}

static bool take_metres(uint32_t from_dm, float *ret)
{
    return take_tenths(from_dm, WIRE_DM_MAX, ret);
}

static uint32_t to_kmh_e1(float kmh)
{
    return at_most(wire_to_dm((double)kmh), SPEED_MAX_KMH_E1); /* tenths are tenths */
}

static bool take_kmh(uint32_t from_e1, float *ret)
{
    return take_tenths(from_e1, SPEED_MAX_KMH_E1, ret);
}

/* --- evidence, a pair for each kind --- */

union parts {
    Buswarden__V1__OverloadEvidence overload;
    Buswarden__V1__OffRouteEvidence off_route;
    Buswarden__V1__OutOfHoursEvidence out_of_hours;
    Buswarden__V1__UnapprovedStopEvidence unapproved_stop;
    Buswarden__V1__UnlicensedEvidence unlicensed;
    Buswarden__V1__OverspeedEvidence overspeed;
    Buswarden__V1__UnbeltedEvidence unbelted;
    Buswarden__V1__DoorOpenEvidence door_open;
    Buswarden__V1__LeftBehindEvidence left_behind;
    Buswarden__V1__SensorFaultEvidence sensor_fault;
    Buswarden__V1__TamperEvidence tamper;
};

static void fill_overload(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_overload *from = &alert->evidence.overload;
    Buswarden__V1__OverloadEvidence *part = to->overload = &parts->overload;
    buswarden__v1__overload_evidence__init(part);
    part->aboard = from->aboard;
    part->peak = from->peak;
    part->capacity = from->capacity;
}

static bool take_overload(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_overload *to = &ret->evidence.overload;
    const Buswarden__V1__OverloadEvidence *part = from->overload;
    return take_count(part->aboard, &to->aboard) && take_count(part->peak, &to->peak) &&
           take_count(part->capacity, &to->capacity);
}

static void fill_off_route(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_off_route *from = &alert->evidence.off_route;
    Buswarden__V1__OffRouteEvidence *part = to->off_route = &parts->off_route;
    buswarden__v1__off_route_evidence__init(part);
    part->route_id = wire_text_view(from->route_id);
    part->distance_dm = wire_to_dm((double)from->distance_m);
    part->peak_distance_dm = wire_to_dm((double)from->peak_distance_m);
    part->half_width_dm = wire_to_dm((double)from->half_width_m);
    part->outside_ms = from->outside_ms;
    part->left_ms = from->left_utc_ms;
    part->entered = from->entered;
    part->exempted_by = wire_text_view(from->exempted_by);
}

static bool take_off_route(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_off_route *to = &ret->evidence.off_route;
    const Buswarden__V1__OffRouteEvidence *part = from->off_route;
    to->outside_ms = part->outside_ms;
    to->left_utc_ms = part->left_ms;
    to->entered = part->entered;
    return wire_take_text(part->route_id, to->route_id, sizeof to->route_id) &&
           wire_take_text(part->exempted_by, to->exempted_by, sizeof to->exempted_by) &&
           take_metres(part->distance_dm, &to->distance_m) &&
           take_metres(part->peak_distance_dm, &to->peak_distance_m) &&
           take_metres(part->half_width_dm, &to->half_width_m) && wire_instant_valid(part->left_ms);
}

static void fill_unlicensed(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_unlicensed *from = &alert->evidence.unlicensed;
    Buswarden__V1__UnlicensedEvidence *part = to->unlicensed = &parts->unlicensed;
    buswarden__v1__unlicensed_evidence__init(part);
    part->reason = (Buswarden__V1__UnlicensedReason)from->reason;
    part->permit_no = wire_text_view(from->permit_no);
    part->valid_until_day = from->valid_until_day;
}

static bool take_unlicensed(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_unlicensed *to = &ret->evidence.unlicensed;
    const Buswarden__V1__UnlicensedEvidence *part = from->unlicensed;
    /* A reason newer than this build stays what it is: unlicensed, for a reason without a name here. */
    to->reason = wire_within((int)part->reason, BW_NO_LICENCE, BW_SCRAPPED)
                     ? (enum bw_unlicensed_reason)part->reason
                     : BW_UNLICENSED_NONE;
    to->valid_until_day = part->valid_until_day;
    return wire_take_text(part->permit_no, to->permit_no, sizeof to->permit_no);
}

static void fill_out_of_hours(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_out_of_hours *from = &alert->evidence.out_of_hours;
    Buswarden__V1__OutOfHoursEvidence *part = to->out_of_hours = &parts->out_of_hours;
    buswarden__v1__out_of_hours_evidence__init(part);
    part->permit_no = wire_text_view(from->permit_no);
    part->window_start_min = at_most(from->window_start_min, MINUTES_MAX);
    part->window_end_min = at_most(from->window_end_min, MINUTES_MAX);
    part->local_min = at_most(from->local_min, MINUTES_MAX);
}

static bool take_out_of_hours(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_out_of_hours *to = &ret->evidence.out_of_hours;
    const Buswarden__V1__OutOfHoursEvidence *part = from->out_of_hours;
    return wire_take_text(part->permit_no, to->permit_no, sizeof to->permit_no) &&
           take_u16(part->window_start_min, MINUTES_MAX, &to->window_start_min) &&
           take_u16(part->window_end_min, MINUTES_MAX, &to->window_end_min) &&
           take_u16(part->local_min, MINUTES_MAX, &to->local_min);
}

static void fill_unapproved_stop(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_unapproved_stop *from = &alert->evidence.unapproved_stop;
    Buswarden__V1__UnapprovedStopEvidence *part = to->unapproved_stop = &parts->unapproved_stop;
    buswarden__v1__unapproved_stop_evidence__init(part);
    part->stop_id = wire_text_view(from->stop_id);
    part->distance_dm = wire_to_dm((double)from->distance_m);
    part->radius_dm = wire_to_dm((double)from->radius_m);
    part->boarded = from->boarded;
    part->alighted = from->alighted;
    part->door_open_ms = from->door_open_ms;
}

static bool take_unapproved_stop(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_unapproved_stop *to = &ret->evidence.unapproved_stop;
    const Buswarden__V1__UnapprovedStopEvidence *part = from->unapproved_stop;
    to->door_open_ms = part->door_open_ms;
    return wire_take_text(part->stop_id, to->stop_id, sizeof to->stop_id) &&
           take_metres(part->distance_dm, &to->distance_m) && take_metres(part->radius_dm, &to->radius_m) &&
           take_count(part->boarded, &to->boarded) && take_count(part->alighted, &to->alighted);
}

static void fill_overspeed(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_overspeed *from = &alert->evidence.overspeed;
    Buswarden__V1__OverspeedEvidence *part = to->overspeed = &parts->overspeed;
    buswarden__v1__overspeed_evidence__init(part);
    part->speed_kmh_e1 = to_kmh_e1(from->speed_kmh);
    part->peak_kmh_e1 = to_kmh_e1(from->peak_kmh);
    part->limit_kmh_e1 = to_kmh_e1(from->limit_kmh);
    part->source = (Buswarden__V1__LimitSource)from->source;
    part->motorway = from->motorway;
    part->order_id = wire_text_view(from->order_id);
    part->over_ms = from->over_ms;
}

static bool take_overspeed(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_overspeed *to = &ret->evidence.overspeed;
    const Buswarden__V1__OverspeedEvidence *part = from->overspeed;
    to->source = wire_within((int)part->source, BW_LIMIT_LAW, BW_LIMIT_WEATHER)
                     ? (enum bw_limit_source)part->source
                     : BW_LIMIT_NONE;
    to->motorway = part->motorway;
    to->over_ms = part->over_ms;
    return take_kmh(part->speed_kmh_e1, &to->speed_kmh) && take_kmh(part->peak_kmh_e1, &to->peak_kmh) &&
           take_kmh(part->limit_kmh_e1, &to->limit_kmh) &&
           wire_take_text(part->order_id, to->order_id, sizeof to->order_id);
}

static void fill_unbelted(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_unbelted *from = &alert->evidence.unbelted;
    Buswarden__V1__UnbeltedEvidence *part = to->unbelted = &parts->unbelted;
    buswarden__v1__unbelted_evidence__init(part);
    part->unbelted = from->unbelted;
    part->peak = from->peak;
    part->speed_kmh_e1 = to_kmh_e1(from->speed_kmh);
}

static bool take_unbelted(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_unbelted *to = &ret->evidence.unbelted;
    const Buswarden__V1__UnbeltedEvidence *part = from->unbelted;
    return take_count(part->unbelted, &to->unbelted) && take_count(part->peak, &to->peak) &&
           take_kmh(part->speed_kmh_e1, &to->speed_kmh);
}

static void fill_door_open(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_door_open *from = &alert->evidence.door_open;
    Buswarden__V1__DoorOpenEvidence *part = to->door_open = &parts->door_open;
    buswarden__v1__door_open_evidence__init(part);
    part->speed_kmh_e1 = to_kmh_e1(from->speed_kmh);
    part->peak_kmh_e1 = to_kmh_e1(from->peak_kmh);
    part->open_ms = from->open_ms;
}

static bool take_door_open(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_door_open *to = &ret->evidence.door_open;
    const Buswarden__V1__DoorOpenEvidence *part = from->door_open;
    to->open_ms = part->open_ms;
    return take_kmh(part->speed_kmh_e1, &to->speed_kmh) && take_kmh(part->peak_kmh_e1, &to->peak_kmh);
}

static void fill_left_behind(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_left_behind *from = &alert->evidence.left_behind;
    Buswarden__V1__LeftBehindEvidence *part = to->left_behind = &parts->left_behind;
    buswarden__v1__left_behind_evidence__init(part);
    part->aboard = from->aboard;
    part->waiting_ms = from->waiting_ms;
    part->level = (Buswarden__V1__AlarmLevel)at_most(from->level, ALARM_LEVEL_MAX);
}

static bool take_left_behind(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_left_behind *to = &ret->evidence.left_behind;
    const Buswarden__V1__LeftBehindEvidence *part = from->left_behind;
    to->waiting_ms = part->waiting_ms;
    to->level = wire_within((int)part->level, 0, ALARM_LEVEL_MAX) ? (uint8_t)part->level : 0;
    return take_count(part->aboard, &to->aboard);
}

static void fill_sensor_fault(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_sensor_fault *from = &alert->evidence.sensor_fault;
    Buswarden__V1__SensorFaultEvidence *part = to->sensor_fault = &parts->sensor_fault;
    buswarden__v1__sensor_fault_evidence__init(part);
    part->fault = (Buswarden__V1__Fault)from->fault;
    part->for_ms = from->for_ms;
    part->seats_unknown = from->seats_unknown;
}

static bool take_sensor_fault(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_sensor_fault *to = &ret->evidence.sensor_fault;
    const Buswarden__V1__SensorFaultEvidence *part = from->sensor_fault;
    to->fault = wire_within((int)part->fault, BW_FAULT_CABIN_SILENT, BW_FAULT_COUNTER_DEAF)
                    ? (enum bw_fault)part->fault
                    : BW_FAULT_NONE;
    to->for_ms = part->for_ms;
    return take_count(part->seats_unknown, &to->seats_unknown);
}

static void fill_tamper(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert)
{
    const struct bw_evidence_tamper *from = &alert->evidence.tamper;
    Buswarden__V1__TamperEvidence *part = to->tamper = &parts->tamper;
    buswarden__v1__tamper_evidence__init(part);
    part->sign = (Buswarden__V1__TamperSign)from->tamper;
    part->for_ms = from->for_ms;
    part->moved_dm = wire_to_dm((double)from->moved_m);
    part->persons = from->persons;
}

static bool take_tamper(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    struct bw_evidence_tamper *to = &ret->evidence.tamper;
    const Buswarden__V1__TamperEvidence *part = from->tamper;
    to->tamper = wire_within((int)part->sign, BW_TAMPER_POWER_CUT, BW_TAMPER_SEATS_FROZEN)
                     ? (enum bw_tamper)part->sign
                     : BW_TAMPER_NONE;
    to->for_ms = part->for_ms;
    return take_metres(part->moved_dm, &to->moved_m) && take_count(part->persons, &to->persons);
}

/* `take` is called with evidence of just this case: the member it reads is there. */
static const struct evidence {
    Buswarden__V1__Alert__EvidenceCase field;
    void (*fill)(Buswarden__V1__Alert *to, union parts *parts, const struct bw_alert *alert);
    bool (*take)(const Buswarden__V1__Alert *from, struct bw_alert *ret);
} evidence_of[BW_KIND_COUNT] = {
    [BW_OVERLOAD] = {BUSWARDEN__V1__ALERT__EVIDENCE_OVERLOAD, fill_overload, take_overload},
    [BW_OFF_ROUTE] = {BUSWARDEN__V1__ALERT__EVIDENCE_OFF_ROUTE, fill_off_route, take_off_route},
    [BW_OUT_OF_HOURS] = {BUSWARDEN__V1__ALERT__EVIDENCE_OUT_OF_HOURS, fill_out_of_hours, take_out_of_hours},
    [BW_UNAPPROVED_STOP] = {BUSWARDEN__V1__ALERT__EVIDENCE_UNAPPROVED_STOP, fill_unapproved_stop,
                            take_unapproved_stop},
    [BW_UNLICENSED] = {BUSWARDEN__V1__ALERT__EVIDENCE_UNLICENSED, fill_unlicensed, take_unlicensed},
    [BW_OVERSPEED] = {BUSWARDEN__V1__ALERT__EVIDENCE_OVERSPEED, fill_overspeed, take_overspeed},
    [BW_UNBELTED] = {BUSWARDEN__V1__ALERT__EVIDENCE_UNBELTED, fill_unbelted, take_unbelted},
    [BW_DOOR_OPEN_MOVING] = {BUSWARDEN__V1__ALERT__EVIDENCE_DOOR_OPEN, fill_door_open, take_door_open},
    [BW_CHILD_LEFT_BEHIND] = {BUSWARDEN__V1__ALERT__EVIDENCE_LEFT_BEHIND, fill_left_behind, take_left_behind},
    [BW_SENSOR_FAULT] = {BUSWARDEN__V1__ALERT__EVIDENCE_SENSOR_FAULT, fill_sensor_fault, take_sensor_fault},
    [BW_TAMPER] = {BUSWARDEN__V1__ALERT__EVIDENCE_TAMPER, fill_tamper, take_tamper},
};

/* --- the alert --- */

int wire_alert_encode(const struct bw_alert *alert, struct wire_bytes *ret)
{
    if (alert->kind <= BW_KIND_UNSPECIFIED || alert->kind >= BW_KIND_COUNT || alert->phase < BW_RAISED ||
        alert->phase > BW_CLEARED)
        return -EINVAL;
    if (alert->has_position && !wire_degrees_valid(alert->position.lat_deg, alert->position.lon_deg))
        return -EINVAL;
    Buswarden__V1__Alert message = BUSWARDEN__V1__ALERT__INIT;
    Buswarden__V1__Position position = BUSWARDEN__V1__POSITION__INIT;
    Buswarden__V1__Occupancy occupancy = BUSWARDEN__V1__OCCUPANCY__INIT;
    union parts parts;
    message.kind = (Buswarden__V1__AlertKind)alert->kind;
    message.phase = (Buswarden__V1__AlertPhase)alert->phase;
    message.severity = (Buswarden__V1__Severity)alert->severity;
    message.number = alert->number;
    message.time_ms = alert->time_utc_ms;
    message.raised_ms = alert->raised_utc_ms;
    message.licence_version = alert->licence_version;
    if (alert->has_position) {
        wire_fill_position(&position, alert->position.lat_deg, alert->position.lon_deg,
                           alert->position.accuracy_m);
        message.position = &position;
    }
    if (alert->occupancy.quality != BW_QUALITY_UNKNOWN) {
        wire_fill_occupancy(&occupancy, &alert->occupancy);
        message.occupancy = &occupancy;
    }
    message.evidence_case = evidence_of[alert->kind].field;
    evidence_of[alert->kind].fill(&message, &parts, alert);
    Buswarden__V1__Body body = BUSWARDEN__V1__BODY__INIT;
    body.body_case = BUSWARDEN__V1__BODY__BODY_ALERT;
    body.alert = &message;
    return wire_pack(&body.base, WIRE_BODY_MAX, ret);
}

int wire_alert_take(const Buswarden__V1__Alert *from, struct wire_body *ret)
{
    if ((int)from->kind >= BW_KIND_COUNT || (int)from->phase > BW_CLEARED) {
        ret->type = WIRE_BODY_UNKNOWN;
        return 0;
    }
    struct bw_alert alert = {.kind = (enum bw_kind)from->kind,
                             .phase = (enum bw_phase)from->phase,
                             .number = from->number,
                             .time_utc_ms = from->time_ms,
                             .raised_utc_ms = from->raised_ms,
                             .licence_version = from->licence_version};
    if ((int)from->kind <= 0 || (int)from->phase < BW_RAISED || from->number == 0 ||
        from->number > INT64_MAX || !wire_instant_valid(from->time_ms) ||
        !wire_instant_valid(from->raised_ms))
        return -EBADMSG;
    alert.severity = wire_within((int)from->severity, BW_NOTICE, BW_CRIMINAL)
                         ? (enum bw_severity)from->severity
                         : BW_SEVERITY_NONE;
    alert.has_position = from->position != NULL;
    if ((alert.has_position && !wire_take_position(from->position, &alert.position)) ||
        !wire_take_occupancy(from->occupancy, &alert.occupancy) ||
        from->evidence_case != evidence_of[alert.kind].field || !evidence_of[alert.kind].take(from, &alert))
        return -EBADMSG;
    ret->type = WIRE_BODY_ALERT;
    ret->u.alert = alert;
    return 0;
}
