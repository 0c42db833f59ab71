#include "proto/wire.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buswarden/v1/alert.pb-c.h"
#include "buswarden/v1/presence.pb-c.h"
#include "buswarden/v1/receipt.pb-c.h"
#include "buswarden/v1/record.pb-c.h"
#include "proto/trackcodec.h"
#include "proto/wire_common.h"

/* --- parts that several messages share --- */

static void fill_position(Buswarden__V1__Position *to, double lat_deg, double lon_deg, double accuracy_m)
{
    to->lat_e7 = wire_to_e7(lat_deg);
    to->lon_e7 = wire_to_e7(lon_deg);
    to->accuracy_dm = wire_to_dm(accuracy_m);
}

static bool take_position(const Buswarden__V1__Position *from, struct bw_position *ret)
{
    if (from == NULL || !wire_e7_valid(from->lat_e7, from->lon_e7))
        return false;
    ret->lat_deg = from->lat_e7 / 1e7;
    ret->lon_deg = from->lon_e7 / 1e7;
    ret->accuracy_m = from->accuracy_dm > 0 ? from->accuracy_dm / 10.0 : (double)NAN;
    return true;
}

/* 0 = unknown, else no later than the year 9999: what no calendar shows is no time at all. */
static bool instant_valid(int64_t utc_ms)
{
    static const int64_t end_utc_ms = 253402300800000; /* 10000-01-01T00:00:00Z */
    return utc_ms >= 0 && utc_ms < end_utc_ms;
}

static void fill_occupancy(Buswarden__V1__Occupancy *to, const struct bw_occupancy *from)
{
    to->quality = (Buswarden__V1__Quality)from->quality;
    to->low = from->low;
    to->count = from->count;
    to->high = from->high;
}

/* Absent means unknown. A quality newer than this build means the numbers cannot be relied on: unknown. */
static bool take_occupancy(const Buswarden__V1__Occupancy *from, struct bw_occupancy *ret)
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

/* --- SignedRecord --- */

int wire_record_encode(const struct wire_record *record, struct wire_bytes *ret)
{
    if (record->body_len > WIRE_BODY_MAX)
        return -EMSGSIZE;
    Buswarden__V1__SignedRecord message = BUSWARDEN__V1__SIGNED_RECORD__INIT;
    message.stream = wire_view(record->stream, BW_STREAM_LEN);
    message.class_ = (Buswarden__V1__RecordClass)record->cls;
    message.seq = record->seq;
    message.prev = wire_view(record->prev, BW_HASH_LEN);
    message.body = wire_view(record->body, record->body_len);
    message.signature = wire_view(record->signature, BW_SIGNATURE_LEN);
    return wire_pack(&message.base, WIRE_RECORD_MAX, ret);
}

int wire_record_decode(const uint8_t *data, size_t len, struct wire_record *ret)
{
    ProtobufCMessage *base;
    const int error = wire_unpack(&buswarden__v1__signed_record__descriptor, data, len, WIRE_RECORD_MAX,
                                  WIRE_SMALL_BUDGET, &base);
    if (error != 0)
        return error;
    const Buswarden__V1__SignedRecord *message = (const Buswarden__V1__SignedRecord *)base;
    const bool valid = message->stream.len == BW_STREAM_LEN && message->prev.len == BW_HASH_LEN &&
                       message->signature.len == BW_SIGNATURE_LEN && message->body.len <= WIRE_BODY_MAX &&
                       message->seq >= 1 && message->seq <= INT64_MAX &&
                       wire_within((int)message->class_, BW_RECORD_ALERT, BW_RECORD_TRACK);
    if (valid) {
        memcpy(ret->stream, message->stream.data, BW_STREAM_LEN);
        memcpy(ret->prev, message->prev.data, BW_HASH_LEN);
        memcpy(ret->signature, message->signature.data, BW_SIGNATURE_LEN);
        if (message->body.len > 0)
            memcpy(ret->body, message->body.data, message->body.len);
        ret->body_len = message->body.len;
        ret->cls = (enum bw_record_class)message->class_;
        ret->seq = message->seq;
    }
    wire_release(base);
    return valid ? 0 : -EBADMSG;
}

/* --- Body: Alert --- */

static void fill_overload(Buswarden__V1__Alert *to, Buswarden__V1__OverloadEvidence *part,
                          const struct bw_evidence_overload *from)
{
    part->aboard = from->aboard;
    part->peak = from->peak;
    part->capacity = from->capacity;
    to->overload = part;
    to->evidence_case = BUSWARDEN__V1__ALERT__EVIDENCE_OVERLOAD;
}

static void fill_off_route(Buswarden__V1__Alert *to, Buswarden__V1__OffRouteEvidence *part,
                           const struct bw_evidence_off_route *from)
{
    part->route_id = wire_text_view(from->route_id);
    part->distance_dm = wire_to_dm((double)from->distance_m);
    part->peak_distance_dm = wire_to_dm((double)from->peak_distance_m);
    part->half_width_dm = wire_to_dm((double)from->half_width_m);
    part->outside_ms = from->outside_ms;
    part->left_ms = from->left_utc_ms;
    part->entered = from->entered;
    to->off_route = part;
    to->evidence_case = BUSWARDEN__V1__ALERT__EVIDENCE_OFF_ROUTE;
}

static void fill_unlicensed(Buswarden__V1__Alert *to, Buswarden__V1__UnlicensedEvidence *part,
                            const struct bw_evidence_unlicensed *from)
{
    part->reason = (Buswarden__V1__UnlicensedReason)from->reason;
    part->permit_no = wire_text_view(from->permit_no);
    part->valid_until_day = from->valid_until_day;
    to->unlicensed = part;
    to->evidence_case = BUSWARDEN__V1__ALERT__EVIDENCE_UNLICENSED;
}

static int encode_alert(const struct bw_alert *alert, struct wire_bytes *ret)
{
    if (alert->kind <= BW_KIND_UNSPECIFIED || alert->kind >= BW_KIND_COUNT || alert->phase < BW_RAISED ||
        alert->phase > BW_CLEARED)
        return -EINVAL;
    if (alert->has_position && !wire_degrees_valid(alert->position.lat_deg, alert->position.lon_deg))
        return -EINVAL;
    Buswarden__V1__Alert message = BUSWARDEN__V1__ALERT__INIT;
    Buswarden__V1__Position position = BUSWARDEN__V1__POSITION__INIT;
    Buswarden__V1__Occupancy occupancy = BUSWARDEN__V1__OCCUPANCY__INIT;
    Buswarden__V1__OverloadEvidence overload = BUSWARDEN__V1__OVERLOAD_EVIDENCE__INIT;
    Buswarden__V1__OffRouteEvidence off_route = BUSWARDEN__V1__OFF_ROUTE_EVIDENCE__INIT;
    Buswarden__V1__UnlicensedEvidence unlicensed = BUSWARDEN__V1__UNLICENSED_EVIDENCE__INIT;
    message.kind = (Buswarden__V1__AlertKind)alert->kind;
    message.phase = (Buswarden__V1__AlertPhase)alert->phase;
    message.severity = (Buswarden__V1__Severity)alert->severity;
    message.number = alert->number;
    message.time_ms = alert->time_utc_ms;
    message.raised_ms = alert->raised_utc_ms;
    message.licence_version = alert->licence_version;
    if (alert->has_position) {
        fill_position(&position, alert->position.lat_deg, alert->position.lon_deg,
                      alert->position.accuracy_m);
        message.position = &position;
    }
    if (alert->occupancy.quality != BW_QUALITY_UNKNOWN) {
        fill_occupancy(&occupancy, &alert->occupancy);
        message.occupancy = &occupancy;
    }
    if (alert->kind == BW_OVERLOAD)
        fill_overload(&message, &overload, &alert->evidence.overload);
    else if (alert->kind == BW_OFF_ROUTE)
        fill_off_route(&message, &off_route, &alert->evidence.off_route);
    else if (alert->kind == BW_UNLICENSED)
        fill_unlicensed(&message, &unlicensed, &alert->evidence.unlicensed);
    Buswarden__V1__Body body = BUSWARDEN__V1__BODY__INIT;
    body.body_case = BUSWARDEN__V1__BODY__BODY_ALERT;
    body.alert = &message;
    return wire_pack(&body.base, WIRE_BODY_MAX, ret);
}

static bool take_evidence(const Buswarden__V1__Alert *from, struct bw_alert *ret)
{
    switch (ret->kind) {
    case BW_OVERLOAD: {
        const Buswarden__V1__OverloadEvidence *part = from->overload;
        if (from->evidence_case != BUSWARDEN__V1__ALERT__EVIDENCE_OVERLOAD || !wire_fits_u16(part->aboard) ||
            !wire_fits_u16(part->peak) || !wire_fits_u16(part->capacity))
            return false;
        ret->evidence.overload = (struct bw_evidence_overload){.aboard = (uint16_t)part->aboard,
                                                               .peak = (uint16_t)part->peak,
                                                               .capacity = (uint16_t)part->capacity};
        return true;
    }
    case BW_OFF_ROUTE: {
        const Buswarden__V1__OffRouteEvidence *part = from->off_route;
        struct bw_evidence_off_route *to = &ret->evidence.off_route;
        if (from->evidence_case != BUSWARDEN__V1__ALERT__EVIDENCE_OFF_ROUTE ||
            !wire_take_text(part->route_id, to->route_id, sizeof to->route_id) ||
            !instant_valid(part->left_ms))
            return false;
        to->distance_m = (float)part->distance_dm / 10;
        to->peak_distance_m = (float)part->peak_distance_dm / 10;
        to->half_width_m = (float)part->half_width_dm / 10;
        to->outside_ms = part->outside_ms;
        to->left_utc_ms = part->left_ms;
        to->entered = part->entered;
        return true;
    }
    case BW_UNLICENSED: {
        const Buswarden__V1__UnlicensedEvidence *part = from->unlicensed;
        struct bw_evidence_unlicensed *to = &ret->evidence.unlicensed;
        if (from->evidence_case != BUSWARDEN__V1__ALERT__EVIDENCE_UNLICENSED ||
            !wire_take_text(part->permit_no, to->permit_no, sizeof to->permit_no))
            return false;
        /* A reason newer than this build stays what it is: unlicensed, for a reason without a name here. */
        to->reason = wire_within((int)part->reason, BW_NO_LICENCE, BW_PERMIT_SUSPENDED)
                         ? (enum bw_unlicensed_reason)part->reason
                         : BW_UNLICENSED_NONE;
        to->valid_until_day = part->valid_until_day;
        return true;
    }
    default:
        return true; /* kinds whose evidence this build does not read */
    }
}

static int take_alert(const Buswarden__V1__Alert *from, struct wire_body *ret)
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
        from->number > INT64_MAX || !instant_valid(from->time_ms) || !instant_valid(from->raised_ms))
        return -EBADMSG;
    alert.severity = wire_within((int)from->severity, BW_NOTICE, BW_CRIMINAL)
                         ? (enum bw_severity)from->severity
                         : BW_SEVERITY_NONE;
    alert.has_position = from->position != NULL;
    if ((alert.has_position && !take_position(from->position, &alert.position)) ||
        !take_occupancy(from->occupancy, &alert.occupancy) || !take_evidence(from, &alert))
        return -EBADMSG;
    ret->type = WIRE_BODY_ALERT;
    ret->u.alert = alert;
    return 0;
}

/* --- Body: Track and Gap --- */

static int encode_track(const struct bw_track *track, struct wire_bytes *ret)
{
    uint8_t batch[TRACKCODEC_MAX];
    size_t len;
    const int error = trackcodec_encode(track, batch, &len);
    if (error != 0)
        return error;
    Buswarden__V1__Track message = BUSWARDEN__V1__TRACK__INIT;
    message.batch = wire_view(batch, len);
    Buswarden__V1__Body body = BUSWARDEN__V1__BODY__INIT;
    body.body_case = BUSWARDEN__V1__BODY__BODY_TRACK;
    body.track = &message;
    return wire_pack(&body.base, WIRE_BODY_MAX, ret);
}

static int encode_gap(const struct bw_gap *gap, struct wire_bytes *ret)
{
    if (gap->first_seq == 0 || gap->first_seq > gap->last_seq)
        return -EINVAL;
    Buswarden__V1__Gap message = BUSWARDEN__V1__GAP__INIT;
    message.first_seq = gap->first_seq;
    message.last_seq = gap->last_seq;
    message.tail_hash = wire_view(gap->tail_hash, BW_HASH_LEN);
    Buswarden__V1__Body body = BUSWARDEN__V1__BODY__INIT;
    body.body_case = BUSWARDEN__V1__BODY__BODY_GAP;
    body.gap = &message;
    return wire_pack(&body.base, WIRE_BODY_MAX, ret);
}

static int take_track(const Buswarden__V1__Track *from, struct wire_body *ret)
{
    struct bw_track track;
    const int error = trackcodec_decode(from->batch.data, from->batch.len, &track);
    if (error == -EPROTONOSUPPORT)
        ret->type = WIRE_BODY_UNKNOWN;
    else if (error != 0)
        return error;
    else
        *ret = (struct wire_body){.type = WIRE_BODY_TRACK, .u.track = track};
    return 0;
}

static int take_gap(const Buswarden__V1__Gap *from, struct wire_body *ret)
{
    struct bw_gap gap = {.first_seq = from->first_seq, .last_seq = from->last_seq};
    if (gap.first_seq == 0 || gap.first_seq > gap.last_seq || gap.last_seq > INT64_MAX ||
        !wire_take_bytes(from->tail_hash, gap.tail_hash, BW_HASH_LEN))
        return -EBADMSG;
    ret->type = WIRE_BODY_GAP;
    ret->u.gap = gap;
    return 0;
}

int wire_body_encode(const struct wire_body *body, struct wire_bytes *ret)
{
    switch (body->type) {
    case WIRE_BODY_ALERT:
        return encode_alert(&body->u.alert, ret);
    case WIRE_BODY_TRACK:
        return encode_track(&body->u.track, ret);
    case WIRE_BODY_GAP:
        return encode_gap(&body->u.gap, ret);
    case WIRE_BODY_UNKNOWN:
        break;
    }
    return -EINVAL;
}

int wire_body_decode(const uint8_t *data, size_t len, struct wire_body *ret)
{
    ProtobufCMessage *base;
    int error =
        wire_unpack(&buswarden__v1__body__descriptor, data, len, WIRE_BODY_MAX, WIRE_SMALL_BUDGET, &base);
    if (error != 0)
        return error;
    const Buswarden__V1__Body *message = (const Buswarden__V1__Body *)base;
    switch (message->body_case) {
    case BUSWARDEN__V1__BODY__BODY_ALERT:
        error = take_alert(message->alert, ret);
        break;
    case BUSWARDEN__V1__BODY__BODY_TRACK:
        error = take_track(message->track, ret);
        break;
    case BUSWARDEN__V1__BODY__BODY_GAP:
        error = take_gap(message->gap, ret);
        break;
    default:
        ret->type = WIRE_BODY_UNKNOWN;
        break;
    }
    wire_release(base);
    return error;
}

/* --- Presence --- */

int wire_presence_encode(const struct bw_presence *presence, struct wire_bytes *ret)
{
    Buswarden__V1__Presence message = BUSWARDEN__V1__PRESENCE__INIT;
    Buswarden__V1__Position position = BUSWARDEN__V1__POSITION__INIT;
    Buswarden__V1__Occupancy occupancy = BUSWARDEN__V1__OCCUPANCY__INIT;
    if (presence->has_position && !wire_degrees_valid(presence->lat_deg, presence->lon_deg))
        return -EINVAL;
    message.online = presence->online;
    message.time_ms = presence->time_utc_ms;
    message.stream = wire_view(presence->stream, BW_STREAM_LEN);
    message.licence_version = presence->licence_version;
    message.orders_version = presence->orders_version;
    message.software = wire_text_view(presence->software);
    message.alert_oldest = presence->oldest_seq[0];
    message.alert_next = presence->next_seq[0];
    message.track_oldest = presence->oldest_seq[1];
    message.track_next = presence->next_seq[1];
    message.capacity = presence->capacity;
    message.fix_ms = presence->fix_utc_ms;
    if (presence->speed_mps >= 0 && presence->speed_mps < 1000)
        message.speed_cmps = (uint32_t)lroundf(presence->speed_mps * 100) + 1;
    if (presence->has_position) {
        fill_position(&position, presence->lat_deg, presence->lon_deg, 0);
        message.position = &position;
    }
    if (presence->occupancy.quality != BW_QUALITY_UNKNOWN) {
        fill_occupancy(&occupancy, &presence->occupancy);
        message.occupancy = &occupancy;
    }
    return wire_pack(&message.base, WIRE_PRESENCE_MAX, ret);
}

int wire_presence_decode(const uint8_t *data, size_t len, struct bw_presence *ret)
{
    ProtobufCMessage *base;
    const int error = wire_unpack(&buswarden__v1__presence__descriptor, data, len, WIRE_PRESENCE_MAX,
                                  WIRE_SMALL_BUDGET, &base);
    if (error != 0)
        return error;
    const Buswarden__V1__Presence *message = (const Buswarden__V1__Presence *)base;
    struct bw_presence presence = {.online = message->online,
                                   .time_utc_ms = message->time_ms,
                                   .licence_version = message->licence_version,
                                   .orders_version = message->orders_version,
                                   .oldest_seq = {message->alert_oldest, message->track_oldest},
                                   .next_seq = {message->alert_next, message->track_next},
                                   .fix_utc_ms = message->fix_ms,
                                   .speed_mps = NAN,
                                   .has_position = message->position != NULL};
    struct bw_position position = {0};
    bool valid = wire_take_bytes(message->stream, presence.stream, BW_STREAM_LEN) &&
                 wire_take_text(message->software, presence.software, sizeof presence.software) &&
                 take_occupancy(message->occupancy, &presence.occupancy) &&
                 wire_fits_u16(message->capacity) && instant_valid(message->time_ms) &&
                 instant_valid(message->fix_ms);
    valid = valid && (!presence.has_position || take_position(message->position, &position));
    for (int i = 0; i < 2; i++)
        valid = valid && presence.oldest_seq[i] <= presence.next_seq[i] && presence.next_seq[i] <= INT64_MAX;
    if (message->speed_cmps > 0 && message->speed_cmps <= 100000)
        presence.speed_mps = (float)(message->speed_cmps - 1) / 100;
    if (valid) {
        presence.lat_deg = position.lat_deg;
        presence.lon_deg = position.lon_deg;
        presence.capacity = (uint16_t)message->capacity;
        *ret = presence;
    }
    wire_release(base);
    return valid ? 0 : -EBADMSG;
}

/* --- Receipt --- */

int wire_receipt_encode(const struct bw_receipt *receipt, struct wire_bytes *ret)
{
    Buswarden__V1__Receipt message = BUSWARDEN__V1__RECEIPT__INIT;
    message.stream = wire_view(receipt->stream, BW_STREAM_LEN);
    message.alert_upto = receipt->upto_seq[0];
    message.track_upto = receipt->upto_seq[1];
    message.time_ms = receipt->time_utc_ms;
    return wire_pack(&message.base, WIRE_RECEIPT_MAX, ret);
}

int wire_receipt_decode(const uint8_t *data, size_t len, struct bw_receipt *ret)
{
    ProtobufCMessage *base;
    const int error = wire_unpack(&buswarden__v1__receipt__descriptor, data, len, WIRE_RECEIPT_MAX,
                                  WIRE_SMALL_BUDGET, &base);
    if (error != 0)
        return error;
    const Buswarden__V1__Receipt *message = (const Buswarden__V1__Receipt *)base;
    struct bw_receipt receipt = {.upto_seq = {message->alert_upto, message->track_upto},
                                 .time_utc_ms = message->time_ms};
    const bool valid = wire_take_bytes(message->stream, receipt.stream, BW_STREAM_LEN) &&
                       receipt.upto_seq[0] <= INT64_MAX && receipt.upto_seq[1] <= INT64_MAX;
    if (valid)
        *ret = receipt;
    wire_release(base);
    return valid ? 0 : -EBADMSG;
}

/* --- Sealed --- */

void wire_sealed_free(struct wire_sealed *sealed)
{
    if (sealed == NULL)
        return;
    wire_bytes_free(&sealed->payload);
    *sealed = (struct wire_sealed){0};
}

int wire_sealed_encode(const struct wire_sealed *sealed, struct wire_bytes *ret)
{
    Buswarden__V1__Sealed message = BUSWARDEN__V1__SEALED__INIT;
    message.payload = wire_view(sealed->payload.data, sealed->payload.len);
    if (sealed->is_signed)
        message.signature = wire_view(sealed->signature, BW_SIGNATURE_LEN);
    return wire_pack(&message.base, WIRE_LICENCE_MAX, ret);
}

int wire_sealed_decode(const uint8_t *data, size_t len, size_t max, struct wire_sealed *ret)
{
    ProtobufCMessage *base;
    int error =
        wire_unpack(&buswarden__v1__sealed__descriptor, data, len, max, max + WIRE_SMALL_BUDGET, &base);
    if (error != 0)
        return error;
    const Buswarden__V1__Sealed *message = (const Buswarden__V1__Sealed *)base;
    struct wire_sealed sealed = {.is_signed = message->signature.len != 0};
    if (message->payload.len == 0 ||
        (sealed.is_signed && !wire_take_bytes(message->signature, sealed.signature, BW_SIGNATURE_LEN))) {
        error = -EBADMSG;
    } else {
        sealed.payload.data = malloc(message->payload.len);
        sealed.payload.len = message->payload.len;
        error = sealed.payload.data == NULL ? -ENOMEM : 0;
    }
    if (error == 0) {
        memcpy(sealed.payload.data, message->payload.data, sealed.payload.len);
        *ret = sealed;
    }
    wire_release(base);
    return error;
}
