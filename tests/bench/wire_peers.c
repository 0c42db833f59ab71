#include "tests/bench/wire_peers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gtfs/realtime.pb-c.h"
#include "proto/utc.h"

/* --- JT/T 808-2019 --- */

struct frame {
    uint8_t *data;
    size_t n;
    uint8_t checksum;
};

static void escaped(struct frame *frame, uint8_t byte)
{
    frame->checksum ^= byte;
    if (byte == 0x7e || byte == 0x7d) {
        frame->data[frame->n++] = 0x7d;
        frame->data[frame->n++] = byte == 0x7e ? 0x02 : 0x01;
    } else {
        frame->data[frame->n++] = byte;
    }
}

static void put(struct frame *frame, uint32_t value, int len)
{
    for (int i = len - 1; i >= 0; i--)
        escaped(frame, (uint8_t)(value >> 8 * i));
}

static void put_bcd(struct frame *frame, int value)
{
    escaped(frame, (uint8_t)(value / 10 % 10 << 4 | value % 10));
}

static uint32_t whole(double value)
{
    return isfinite(value) ? (uint32_t)lround(fabs(value)) : 0;
}

static void put_time(struct frame *frame, int64_t utc_ms)
{
    const time_t local_s = (time_t)(utc_ms / 1000 + INT64_C(8) * 3600); /* its times are those of China */
    struct tm at;
    (void)gmtime_r(&local_s, &at);
    const int parts[] = {at.tm_year % 100, at.tm_mon + 1, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        put_bcd(frame, parts[i]);
}

size_t peer_jt808(const struct peer_fix *fix, uint16_t serial, uint8_t ret[PEER_MAX])
{
    enum { BASIC = 28, PERSONS = 0xe1 /* of the range left to the maker */, PERSONS_LEN = 4, BCD_PHONE = 10 };
    struct frame frame = {.data = ret};
    frame.data[frame.n++] = 0x7e;
    put(&frame, 0x0200, 2);
    put(&frame, 0x4000 | (BASIC + PERSONS_LEN), 2); /* bit 14: a version follows */
    put(&frame, 1, 1);
    for (int i = 0; i < BCD_PHONE; i++)
        put_bcd(&frame, i < 4 ? 0 : 13);
    put(&frame, serial, 2);
    put(&frame, 0, 4); /* alarms */
    put(&frame, 3, 4); /* ignition on, located */
    put(&frame, whole(fix->fix.lat_deg * 1e6), 4);
    put(&frame, whole(fix->fix.lon_deg * 1e6), 4);
    put(&frame, 0, 2); /* height */
    put(&frame, whole(fix->speed_mps * 36), 2);
    put(&frame, whole(fix->course_deg), 2);
    put_time(&frame, fix->fix.utc_ms);
    put(&frame, PERSONS, 1);
    put(&frame, 2, 1);
    put(&frame, fix->fix.aboard, 2);
    escaped(&frame, frame.checksum);
    frame.data[frame.n++] = 0x7e;
    return frame.n;
}

/* --- GTFS-Realtime --- */

static void copy_text(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from);
}

size_t peer_gtfs(const struct peer_fix *fix, const char *vehicle, uint8_t ret[PEER_MAX])
{
    char version[] = "2.0", id[BW_ID_LEN]; /* the generated structs have no const */
    copy_text(id, sizeof id, vehicle);
    Gtfs__Position position = GTFS__POSITION__INIT;
    position.latitude = (float)fix->fix.lat_deg;
    position.longitude = (float)fix->fix.lon_deg;
    position.has_bearing = isfinite(fix->course_deg);
    position.bearing = (float)fix->course_deg;
    position.has_speed = isfinite(fix->speed_mps);
    position.speed = (float)fix->speed_mps;
    Gtfs__VehicleDescriptor descriptor = GTFS__VEHICLE_DESCRIPTOR__INIT;
    descriptor.id = id;
    Gtfs__VehiclePosition at = GTFS__VEHICLE_POSITION__INIT;
    at.position = &position;
    at.has_timestamp = true;
    at.timestamp = (uint64_t)fix->fix.utc_ms / 1000;
    at.vehicle = &descriptor;
    at.has_occupancy_status = true;
    at.occupancy_status = 1; /* many seats available */
    Gtfs__FeedEntity entity = GTFS__FEED_ENTITY__INIT, *entities[] = {&entity};
    entity.id = id;
    entity.vehicle = &at;
    Gtfs__FeedHeader header = GTFS__FEED_HEADER__INIT;
    header.gtfs_realtime_version = version;
    header.has_timestamp = true;
    header.timestamp = at.timestamp;
    Gtfs__FeedMessage message = GTFS__FEED_MESSAGE__INIT;
    message.header = &header;
    message.n_entity = 1;
    message.entity = entities;
    return gtfs__feed_message__pack(&message, ret);
}

/* --- JSON --- */

size_t peer_json(const struct peer_fix *fix, const char *vehicle, uint8_t ret[PEER_MAX])
{
    static const char *const qualities[] = {"unknown", "degraded", "good"};
    char at[UTC_TEXT_LEN];
    utc_format(fix->fix.utc_ms, at);
    const int len = snprintf((char *)ret, PEER_MAX,
                             "{\"id\":\"%s\",\"time\":\"%s\",\"lat\":%.6f,\"lon\":%.6f,\"aboard\":%u,"
                             "\"quality\":\"%s\"}",
                             vehicle, at, fix->fix.lat_deg, fix->fix.lon_deg, fix->fix.aboard,
                             qualities[fix->fix.quality]);
    if (len < 0 || len >= PEER_MAX)
        abort();
    return (size_t)len;
}
