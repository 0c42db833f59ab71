#include "proto/wire.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buswarden/v1/presence.pb-c.h"
#include "buswarden/v1/receipt.pb-c.h"
#include "buswarden/v1/record.pb-c.h"
#include "proto/trackcodec.h"
#include "proto/wire_alert.h"
#include "proto/wire_common.h"
#include "proto/wire_trip.h"

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

/* --- Body --- */

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

static int encode_key(const struct bw_key_change *change, struct wire_bytes *ret)
{
    if (change->track_from == 0 || change->track_from > INT64_MAX)
        return -EINVAL;
    Buswarden__V1__KeyChange message = BUSWARDEN__V1__KEY_CHANGE__INIT;
    message.old_key = wire_view(change->old_key, BW_PUBLIC_KEY_LEN);
    message.new_key = wire_view(change->new_key, BW_PUBLIC_KEY_LEN);
    message.track_from = change->track_from;
    message.proof = wire_view(change->proof, BW_SIGNATURE_LEN);
    Buswarden__V1__Body body = BUSWARDEN__V1__BODY__INIT;
    body.body_case = BUSWARDEN__V1__BODY__BODY_KEY_CHANGE;
    body.key_change = &message;
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

static int take_key(const Buswarden__V1__KeyChange *from, struct wire_body *ret)
{
    struct bw_key_change change = {.track_from = from->track_from};
    if (change.track_from == 0 || change.track_from > INT64_MAX ||
        !wire_take_bytes(from->old_key, change.old_key, BW_PUBLIC_KEY_LEN) ||
        !wire_take_bytes(from->new_key, change.new_key, BW_PUBLIC_KEY_LEN) ||
        !wire_take_bytes(from->proof, change.proof, BW_SIGNATURE_LEN))
        return -EBADMSG;
    ret->type = WIRE_BODY_KEY;
    ret->u.key = change;
    return 0;
}

int wire_body_encode(const struct wire_body *body, struct wire_bytes *ret)
{
    switch (body->type) {
    case WIRE_BODY_ALERT:
        return wire_alert_encode(&body->u.alert, ret);
    case WIRE_BODY_TRACK:
        return encode_track(&body->u.track, ret);
    case WIRE_BODY_GAP:
        return encode_gap(&body->u.gap, ret);
    case WIRE_BODY_KEY:
        return encode_key(&body->u.key, ret);
    case WIRE_BODY_TRIP:
        return wire_trip_encode(&body->u.trip, ret);
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
        error = wire_alert_take(message->alert, ret);
        break;
    case BUSWARDEN__V1__BODY__BODY_TRACK:
        error = take_track(message->track, ret);
        break;
    case BUSWARDEN__V1__BODY__BODY_GAP:
        error = take_gap(message->gap, ret);
        break;
    case BUSWARDEN__V1__BODY__BODY_TRIP:
        error = wire_trip_take(message->trip, ret);
        break;
    case BUSWARDEN__V1__BODY__BODY_KEY_CHANGE:
        error = take_key(message->key_change, ret);
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
        wire_fill_position(&position, presence->lat_deg, presence->lon_deg, 0);
        message.position = &position;
    }
    if (presence->occupancy.quality != BW_QUALITY_UNKNOWN) {
        wire_fill_occupancy(&occupancy, &presence->occupancy);
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
                 wire_take_occupancy(message->occupancy, &presence.occupancy) &&
                 wire_fits_u16(message->capacity) && wire_instant_valid(message->time_ms) &&
                 wire_instant_valid(message->fix_ms);
    valid = valid && (!presence.has_position || wire_take_position(message->position, &position));
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
    if (receipt->has_head[0])
        message.alert_head = wire_view(receipt->head[0], BW_HASH_LEN);
    if (receipt->has_head[1])
        message.track_head = wire_view(receipt->head[1], BW_HASH_LEN);
    return wire_pack(&message.base, WIRE_RECEIPT_MAX, ret);
}

/* Absent in a receipt of an older bureau. */
static bool take_head(ProtobufCBinaryData from, uint8_t ret[BW_HASH_LEN])
{
    return from.len == 0 || wire_take_bytes(from, ret, BW_HASH_LEN);
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
                                 .has_head = {message->alert_head.len > 0, message->track_head.len > 0},
                                 .time_utc_ms = message->time_ms};
    const bool valid = wire_take_bytes(message->stream, receipt.stream, BW_STREAM_LEN) &&
                       take_head(message->alert_head, receipt.head[0]) &&
                       take_head(message->track_head, receipt.head[1]) && receipt.upto_seq[0] <= INT64_MAX &&
                       receipt.upto_seq[1] <= INT64_MAX;
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
