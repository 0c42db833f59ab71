#include "proto/trackcodec.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

/* Layout (docs/wire.md, "Track batch"): varints are LEB128, signed ones zigzag.
 *   version = 1 | n | t0 (0.1 s since 1970) | lat0 | lon0 (1e-6 degrees, signed) | state0, then for each
 * later fix dt (0.1 s) | second difference of lat | second difference of lon | state, when bit 0 of the first
 * varint is set. dt is sent as (dt << 1 | state changed). state = aboard << 2 | quality. */
enum { VERSION = 1, UNITS_PER_DEG = 1000000, MS_PER_UNIT = 100 };

static const int64_t TIME_MAX = (int64_t)1 << 40; /* 0.1 s units: year 5454 */

/* At the worst: step of 41 bits and the flag, two second differences of 31 bits with the sign, state of 18
 * bits. */
enum { STEP_LEN = 6, DIFFERENCE_LEN = 5, STATE_LEN = 3, FIX_LEN = STEP_LEN + 2 * DIFFERENCE_LEN + STATE_LEN };
static_assert(2 + BW_TRACK_FIXES_MAX * FIX_LEN <= TRACKCODEC_MAX, "the largest batch fits");

struct writer {
    uint8_t *data;
    size_t n;
};

static void put(struct writer *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        out->data[out->n++] = (uint8_t)(value | 0x80);
    out->data[out->n++] = (uint8_t)value;
}

static void put_signed(struct writer *out, int64_t value)
{
    put(out, ((uint64_t)value << 1) ^ (value < 0 ? ~UINT64_C(0) : 0));
}

struct reader {
    const uint8_t *data;
    size_t n, at;
    bool bad;
};

static uint64_t get(struct reader *in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        if (in->at == in->n)
            break;
        const uint8_t byte = in->data[in->at++];
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            in->bad |= byte == 0 && shift > 0; /* one encoding a value */
            return value;
        }
    }
    in->bad = true;
    return 0;
}

static int64_t get_signed(struct reader *in)
{
    const uint64_t value = get(in);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* A fix on the grid. */
struct cell {
    int64_t time, lat, lon;
    uint64_t state;
};

static bool cell_valid(const struct cell *cell)
{
    const int64_t lat_max = (int64_t)90 * UNITS_PER_DEG, lon_max = (int64_t)180 * UNITS_PER_DEG;
    return cell->time >= 0 && cell->time < TIME_MAX && cell->lat >= -lat_max && cell->lat <= lat_max &&
           cell->lon >= -lon_max && cell->lon <= lon_max && (cell->state & 3) <= BW_QUALITY_GOOD &&
           cell->state >> 2 <= UINT16_MAX;
}

static bool to_cell(const struct bw_track_fix *fix, struct cell *ret)
{
    if (!(fabs(fix->lat_deg) <= 90) || !(fabs(fix->lon_deg) <= 180) || fix->utc_ms < 0)
        return false;
    ret->time = (fix->utc_ms + MS_PER_UNIT / 2) / MS_PER_UNIT;
    ret->lat = llround(fix->lat_deg * UNITS_PER_DEG);
    ret->lon = llround(fix->lon_deg * UNITS_PER_DEG);
    ret->state = (uint64_t)fix->aboard << 2 | fix->quality;
    return cell_valid(ret);
}

static void from_cell(const struct cell *cell, struct bw_track_fix *ret)
{
    ret->utc_ms = cell->time * MS_PER_UNIT;
    ret->lat_deg = (double)cell->lat / UNITS_PER_DEG;
    ret->lon_deg = (double)cell->lon / UNITS_PER_DEG;
    ret->quality = (enum bw_quality)(cell->state & 3);
    ret->aboard = (uint16_t)(cell->state >> 2);
}

int trackcodec_encode(const struct bw_track *track, uint8_t ret[TRACKCODEC_MAX], size_t *ret_len)
{
    if (track->n == 0 || track->n > BW_TRACK_FIXES_MAX)
        return -EINVAL;
    uint8_t buffer[TRACKCODEC_MAX];
    struct writer out = {.data = buffer};
    put(&out, VERSION);
    put(&out, track->n);
    struct cell last = {0};
    int64_t lat_step = 0, lon_step = 0;
    for (size_t i = 0; i < track->n; i++) {
        struct cell cell;
        if (!to_cell(&track->fixes[i], &cell) || cell.time < last.time)
            return -EINVAL;
        const bool changed = i == 0 || cell.state != last.state;
        if (i == 0) {
            put(&out, (uint64_t)cell.time);
            put_signed(&out, cell.lat);
            put_signed(&out, cell.lon);
        } else {
            put(&out, (uint64_t)(cell.time - last.time) << 1 | changed);
            put_signed(&out, cell.lat - last.lat - lat_step);
            put_signed(&out, cell.lon - last.lon - lon_step);
            lat_step = cell.lat - last.lat;
            lon_step = cell.lon - last.lon;
        }
        if (changed)
            put(&out, cell.state);
        last = cell;
    }
    memcpy(ret, buffer, out.n);
    *ret_len = out.n;
    return 0;
}

int trackcodec_decode(const uint8_t *data, size_t len, struct bw_track *ret)
{
    struct reader in = {.data = data, .n = len};
    const uint64_t version = get(&in);
    if (!in.bad && version > VERSION)
        return -EPROTONOSUPPORT;
    const uint64_t n = get(&in);
    if (in.bad || version != VERSION || n == 0 || n > BW_TRACK_FIXES_MAX)
        return -EBADMSG;
    struct bw_track track = {.n = (size_t)n};
    struct cell cell = {.time = (int64_t)get(&in), .lat = get_signed(&in), .lon = 0};
    cell.lon = get_signed(&in);
    cell.state = get(&in);
    int64_t lat_step = 0, lon_step = 0;
    for (size_t i = 0;; i++) {
        if (in.bad || !cell_valid(&cell))
            return -EBADMSG;
        from_cell(&cell, &track.fixes[i]);
        if (i + 1 == track.n)
            break;
        const uint64_t head = get(&in);
        const int64_t lat_change = get_signed(&in), lon_change = get_signed(&in);
        const int64_t span = (int64_t)4 * 360 * UNITS_PER_DEG; /* keeps the sums below far from overflow */
        if (head >> 1 >= (uint64_t)TIME_MAX || lat_change < -span || lat_change > span ||
            lon_change < -span || lon_change > span)
            return -EBADMSG;
        lat_step += lat_change;
        lon_step += lon_change;
        cell.time += (int64_t)(head >> 1);
        cell.lat += lat_step;
        cell.lon += lon_step;
        if ((head & 1) != 0) {
            const uint64_t state = get(&in);
            in.bad |= state == cell.state; /* one encoding a track */
            cell.state = state;
        }
    }
    if (in.at != in.n)
        return -EBADMSG;
    *ret = track;
    return 0;
}
