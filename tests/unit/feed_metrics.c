/* Prometheus' text format, and the counts behind it. */
#include "bureau/feeds/metrics.h"
#include "bureau/store/figures.h"

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

Test(feed_metrics, every_name_is_headed_once, .init = open_store, .fini = close_store)
{
    char *text = NULL, *copy, *line, *rest, name[128], last[128] = "", seen[8192] = " ";
    size_t len;
    FILE *out = open_memstream(&text, &len);
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
    free(copy);
    free(text);
}
