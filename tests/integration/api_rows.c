/* What a vehicle would have sent, for tests/integration/api:
 *     api_rows alert STORE VEHICLE NUMBER PHASE   puts a phase of an OVERLOAD alert into the store, prints
 * its event api_rows presence ABOARD                    writes the bytes of a presence message to stdout */
#include "bureau/store/store.h"
#include "proto/wire.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_utc_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static int put_alert(char **argv)
{
    static const char *const phases[] = {"", "RAISED", "UPDATED", "CLEARED"};
    static const uint8_t stream[BW_STREAM_LEN] = {1};
    struct bw_alert alert = {
        .kind = BW_OVERLOAD,
        .severity = BW_MINOR,
        .number = strtoull(argv[2], NULL, 10),
        .time_utc_ms = now_utc_ms(),
        .raised_utc_ms = now_utc_ms(),
        .has_position = true,
        .position = {29.14, 121.03, 5},
        .occupancy = {BW_QUALITY_GOOD, 20, 20, 20},
        .evidence.overload = {.aboard = 20, .peak = 20, .capacity = 18},
    };
    for (int phase = BW_RAISED; phase <= BW_CLEARED; phase++)
        if (strcmp(argv[3], phases[phase]) == 0)
            alert.phase = (enum bw_phase)phase;
    struct store *store;
    if (store_open(argv[0], &store) != 0)
        return 1;
    int64_t event = 0;
    const int rc = store_alert_apply(store, argv[1], stream, &alert, now_utc_ms(), &event);
    if (rc != 0)
        (void)fprintf(stderr, "api_rows: %s\n", store_error(store));
    else
        (void)printf("%" PRId64 "\n", event);
    store_close(store);
    return rc != 0;
}

static int write_presence(const struct bw_presence *presence)
{
    struct wire_bytes bytes = {0};
    if (wire_presence_encode(presence, &bytes) != 0)
        return 1;
    const size_t written = fwrite(bytes.data, 1, bytes.len, stdout);
    const size_t len = bytes.len;
    wire_bytes_free(&bytes);
    return written != len;
}

static int write_word(const char *aboard_text)
{
    const uint16_t aboard = (uint16_t)strtoul(aboard_text, NULL, 10);
    const struct bw_presence presence = {
        .online = true,
        .time_utc_ms = now_utc_ms(),
        .stream = {1},
        .software = "test",
        .oldest_seq = {1, 1},
        .next_seq = {1, 1},
        .has_position = true,
        .fix_utc_ms = now_utc_ms(),
        .lat_deg = 29.14,
        .lon_deg = 121.03,
        .speed_mps = NAN,
        .occupancy = {BW_QUALITY_GOOD, aboard, aboard, aboard},
        .capacity = 18,
    };
    return write_presence(&presence);
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "alert") == 0)
        return put_alert(argv + 2);
    if (argc == 3 && strcmp(argv[1], "presence") == 0)
        return write_word(argv[2]);
    if (argc == 2 && strcmp(argv[1], "will") == 0)
        return write_presence(&(struct bw_presence){.stream = {1}, .oldest_seq = {1, 1}, .next_seq = {1, 1}});
    (void)fputs(
        "usage: api_rows alert STORE VEHICLE NUMBER PHASE | api_rows presence ABOARD | api_rows will\n",
        stderr);
    return 2;
}
