/* Prometheus' text format, and the counts behind it. */
#include "bureau/feeds/metrics.h"
#include "bureau/store/figures.h"
#include "bureau/store/notices.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect_sample(const char *value, double number, const char *line)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    metrics_sample(out, "a_b", value ? "l" : NULL, value, number);
    (void)fclose(out);
    cr_expect_str_eq(text, line, "%s", text);
    free(text);
}

Test(feed_metrics, samples_as_the_format_asks)
{
    expect_sample(NULL, 0, "a_b 0\n");
    expect_sample(NULL, 12345678901, "a_b 12345678901\n");
    expect_sample(NULL, 0.25, "a_b 0.25\n");
    expect_sample("x", 1, "a_b{l=\"x\"} 1\n");
    expect_sample("a\"b\\c\nd", 1, "a_b{l=\"a\\\"b\\\\c\\nd\"} 1\n");
}

static char path[] = "/tmp/buswarden-figures-XXXXXX";
static struct store *store;

static void open_store(void)
{
    cr_assert(mkstemp(path) >= 0);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(store_open(path, &store), 0);
}

static void close_store(void)
{
    char other[64];
    store_close(store);
    (void)unlink(path);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(other, sizeof(other), "%s%s", path, i ? "-wal" : "-shm");
        (void)unlink(other);
    }
}

static void put_alert(enum bw_kind kind, enum bw_phase phase, uint64_t number)
{
    static const uint8_t stream[BW_STREAM_LEN] = {1};
    static uint64_t seq;
    int64_t event;
    const struct bw_alert alert = {.kind = kind,
                                   .phase = phase,
                                   .number = number,
                                   .time_utc_ms = 1789425000000,
                                   .raised_utc_ms = 1789425000000};
    cr_assert_eq(store_alert_apply(store, "bus-a", stream, ++seq, &alert, 1789425000000, &event), 0);
}

Test(feed_metrics, figures_are_those_of_the_store, .init = open_store, .fini = close_store)
{
    static const uint8_t streams[2][BW_STREAM_LEN] = {{1}, {2}};
    struct store_figures figures;
    cr_assert_eq(store_figures(store, 0, &figures), 0);
    cr_expect_eq(figures.chains, 0);
    put_alert(BW_OVERLOAD, BW_RAISED, 1);
    put_alert(BW_OVERLOAD, BW_RAISED, 2);
    put_alert(BW_OFF_ROUTE, BW_RAISED, 3);
    put_alert(BW_OFF_ROUTE, BW_CLEARED, 3);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(store_chain_put(store, "bus-a", streams[i], BW_RECORD_TRACK,
                                     &(struct store_chain){.next_seq = 2, .head_known = i == 0}),
                     0);
    cr_assert_eq(store_audit(store, "t", "t", "t", 1), 0);
    cr_assert_eq(store_figures(store, 0, &figures), 0);
    cr_expect_eq(figures.open_alerts[BW_OVERLOAD], 2);
    cr_expect_eq(figures.open_alerts[BW_OFF_ROUTE], 0);
    cr_expect_eq(figures.chains, 2);
    cr_expect_eq(figures.chains_adopted, 1);
    cr_expect_eq(figures.audit_lines, 1);
    cr_expect_gt(figures.bytes, 4096);
}

static void tell(const char *channel, int64_t event, int64_t made_utc_ms)
{
    const struct store_notice notice = {.source = STORE_NOTICE_OF_ALERT,
                                        .source_id = event,
                                        .what = STORE_NOTICE_RAISED,
                                        .kind = BW_OVERLOAD,
                                        .severity = BW_MINOR,
                                        .vehicle = "bus-a",
                                        .plate = "",
                                        .school_id = "",
                                        .school = "",
                                        .division = "",
                                        .route = "",
                                        .stop = ""};
    int64_t id = 0;
    cr_assert_eq(store_notice_add(store, &notice, made_utc_ms, &id), 0, "%s", store_error(store));
    cr_assert_eq(store_delivery_add(store, id, channel), 0);
}

static char channels[256];

static int note_channel(void *context, const char *channel, const struct store_notice_counts *counts)
{
    const size_t n = strlen(channels);
    (void)context;
    (void)snprintf(channels + n, sizeof(channels) - n, "%s %d %d %d %d %lld; ", channel,
                   (int)counts->n[STORE_PENDING], (int)counts->n[STORE_FAILED], (int)counts->n[STORE_SENT],
                   (int)counts->n[STORE_GIVEN_UP], (long long)counts->oldest_unsent_utc_ms);
    return 0;
}

Test(feed_metrics, deliveries_are_counted_by_channel_and_state, .init = open_store, .fini = close_store)
{
    static const enum store_delivery_state ends[] = {STORE_SENT, STORE_SENT, STORE_GIVEN_UP, STORE_FAILED};
    cr_assert_eq(store_channel_counts(store, note_channel, NULL), 0);
    cr_expect_str_eq(channels, "");
    for (int i = 0; i < 4; i++) {
        struct store_message message;
        char id[STORE_MESSAGE_ID_LEN];
        (void)snprintf(id, sizeof(id), "%032d", i);
        tell("duty", 10 + i, 100 + i);
        cr_assert_eq(store_message_make(store, "duty", false, 1, id, 200), 0);
        cr_assert_eq(store_message_first(store, "duty", false, &message), 0);
        cr_assert_eq(store_message_end(store, message.number, ends[i], 300, "so", 250), 0);
    }
    tell("duty", 20, 120);
    tell("mail", 21, 130);
    cr_assert_eq(store_channel_counts(store, note_channel, NULL), 0);
    cr_expect_str_eq(channels, "duty 1 1 2 1 103; mail 1 0 0 0 130; ");
}

Test(feed_metrics, every_name_is_headed_once, .init = open_store, .fini = close_store)
{
    char *text = NULL, *copy, *line, *rest, name[128], last[128] = "", seen[8192] = " ";
    size_t len;
    FILE *out = open_memstream(&text, &len);
    tell("duty", 1, 1789424940000);
    tell("mail", 2, 1789424970000);
    cr_assert_eq(metrics_store(out, store, 1789425000000), 0);
    (void)fclose(out);
    copy = strdup(text);
    for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (sscanf(line, "# TYPE %127s", name) == 1) {
            char word[140];
            (void)snprintf(word, sizeof(word), " %s ", name);
            cr_expect_null(strstr(seen, word), "%s twice", name);
            (void)strncat(seen, name, sizeof(seen) - strlen(seen) - 1);
            (void)strncat(seen, " ", sizeof(seen) - strlen(seen) - 1);
            (void)strcpy(last, name);
        } else if (line[0] != '#') {
            cr_expect_eq(strncmp(line, last, strlen(last)), 0, "%s under %s", line, last);
        }
    }
    cr_expect(strstr(text, "buswarden_cases{state=\"open\"} 0\n"));
    cr_expect(strstr(text, "buswarden_notifications{channel=\"duty\",state=\"pending\"} 1\n"));
    cr_expect(strstr(text, "buswarden_notifications_oldest_unsent_seconds{channel=\"mail\"} 30\n"));
    free(copy);
    free(text);
}
