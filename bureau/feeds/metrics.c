#include "bureau/feeds/metrics.h"

#include "bureau/api/json.h"
#include "bureau/pki/pki.h"
#include "bureau/store/figures.h"
#include "bureau/store/notices.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

void metrics_head(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_label(FILE *out, const char *label, const char *value)
{
    (void)fprintf(out, "%s=\"", label);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            (void)fputc('\\', out);
        if (*value == '\n')
            (void)fputs("\\n", out);
        else
            (void)fputc(*value, out);
    }
    (void)fputc('"', out);
}

/* Whole numbers as they are: a count beyond a million must not lose its end. */
static void write_number(FILE *out, double number)
{
    const bool whole = floor(number) == number && fabs(number) < 1e15;
    (void)fprintf(out, whole ? " %.0f\n" : " %.9g\n", number);
}

void metrics_two_labels(FILE *out, const char *name, const char *label, const char *value,
                        const char *other_label, const char *other_value, double number)
{
    (void)fputs(name, out);
    if (label) {
        (void)fputc('{', out);
        write_label(out, label, value);
        if (other_label) {
            (void)fputc(',', out);
            write_label(out, other_label, other_value);
        }
        (void)fputc('}', out);
    }
    write_number(out, number);
}

void metrics_sample(FILE *out, const char *name, const char *label, const char *value, double number)
{
    metrics_two_labels(out, name, label, value, NULL, NULL, number);
}

/* --- the store --- */

struct vehicles {
    int64_t now_utc_ms;
    uint64_t registered, online;
};

static int count_vehicle(void *context, const struct store_vehicle *row)
{
    struct vehicles *vehicles = context;
    vehicles->registered++;
    vehicles->online += vehicles->now_utc_ms <= apijson_live_until_utc_ms(row);
    return 0;
}

static void write_cases(FILE *out, const struct store_figures *figures)
{
    static const char *const states[CASE_STATES] = {
        [CASE_OPEN] = "open",         [CASE_ACKNOWLEDGED] = "acknowledged",
        [CASE_ASSIGNED] = "assigned", [CASE_RECTIFIED] = "rectified",
        [CASE_CLOSED] = "closed",     [CASE_DISMISSED] = "dismissed"};
    metrics_head(out, "buswarden_cases", "gauge", "Cases, by state.");
    for (unsigned state = CASE_OPEN; state < CASE_STATES; state++)
        metrics_sample(out, "buswarden_cases", "state", states[state], (double)figures->cases[state]);
    metrics_head(out, "buswarden_cases_overdue", "gauge", "Cases that a school has not answered in time.");
    metrics_sample(out, "buswarden_cases_overdue", NULL, NULL, (double)figures->cases_overdue);
}

static void write_figures(FILE *out, const struct store_figures *figures)
{
    metrics_head(out, "buswarden_alerts_open", "gauge", "Alerts that are not over, by kind.");
    for (unsigned kind = 0; kind < BW_KIND_COUNT; kind++)
        metrics_sample(out, "buswarden_alerts_open", "kind", modeljson_kind((enum bw_kind)kind),
                       (double)figures->open_alerts[kind]);
    metrics_head(out, "buswarden_chains", "gauge", "Chains of signed records that are held.");
    metrics_sample(out, "buswarden_chains", NULL, NULL, (double)figures->chains);
    metrics_head(out, "buswarden_chains_adopted", "gauge",
                 "Of these, begun in their midst: their past is not held.");
    metrics_sample(out, "buswarden_chains_adopted", NULL, NULL, (double)figures->chains_adopted);
    metrics_head(out, "buswarden_audit_lines_total", "counter", "Lines that the audit was ever given.");
    metrics_sample(out, "buswarden_audit_lines_total", NULL, NULL, (double)figures->audit_lines);
    metrics_head(out, "buswarden_store_bytes", "gauge", "Size of the store.");
    metrics_sample(out, "buswarden_store_bytes", NULL, NULL, (double)figures->bytes);
}

/* --- notifications --- */

struct telling {
    FILE *out, *ages; /* samples of one name stand together: the second name's wait */
    int64_t now_utc_ms;
};

static int write_channel(void *context, const char *channel, const struct store_notice_counts *counts)
{
    static const char name[] = "buswarden_notifications";
    static const char age[] = "buswarden_notifications_oldest_unsent_seconds";
    static const char *const states[STORE_DELIVERY_STATES] = {[STORE_PENDING] = "pending",
                                                              [STORE_FAILED] = "failed",
                                                              [STORE_SENT] = "sent",
                                                              [STORE_GIVEN_UP] = "given_up"};
    const struct telling *telling = context;
    const int64_t oldest_utc_ms = counts->oldest_unsent_utc_ms;
    const bool is_late = oldest_utc_ms > 0 && oldest_utc_ms < telling->now_utc_ms;
    const int64_t age_s = is_late ? (telling->now_utc_ms - oldest_utc_ms) / 1000 : 0;
    if (ftell(telling->ages) == 0) {
        metrics_head(telling->out, name, "gauge", "Deliveries that are kept, by channel and state.");
        metrics_head(telling->ages, age, "gauge", "Age of the oldest that is neither sent nor given up.");
    }
    for (int state = STORE_PENDING; state < STORE_DELIVERY_STATES; state++)
        metrics_two_labels(telling->out, name, "channel", channel, "state", states[state],
                           (double)counts->n[state]);
    metrics_sample(telling->ages, age, "channel", channel, (double)age_s);
    return 0;
}

static int write_channels(FILE *out, struct store *store, int64_t now_utc_ms)
{
    char *ages = NULL;
    size_t len = 0;
    struct telling telling = {out, open_memstream(&ages, &len), now_utc_ms};
    if (!telling.ages)
        return -ENOMEM;
    int rc = store_channel_counts(store, write_channel, &telling);
    if (fclose(telling.ages) != 0 && rc == 0)
        rc = -ENOMEM;
    if (rc == 0)
        (void)fwrite(ages, 1, len, out);
    free(ages);
    return rc;
}

int metrics_store(FILE *out, struct store *store, int64_t now_utc_ms)
{
    struct store_figures figures;
    struct vehicles vehicles = {.now_utc_ms = now_utc_ms};
    int64_t ending = 0;
    const int64_t soon_utc_ms = now_utc_ms + PKI_WARN_DAYS * UTC_MS_PER_DAY;
    int rc = store_figures(store, now_utc_ms, &figures);
    if (rc == 0)
        rc = store_vehicles(store, NULL, NULL, count_vehicle, &vehicles);
    if (rc == 0)
        rc = store_certificates_ending(store, soon_utc_ms, &ending);
    if (rc != 0)
        return rc;
    write_figures(out, &figures);
    write_cases(out, &figures);
    metrics_head(out, "buswarden_vehicles", "gauge", "Vehicles of the registry.");
    metrics_sample(out, "buswarden_vehicles", NULL, NULL, (double)vehicles.registered);
    metrics_head(out, "buswarden_vehicles_online", "gauge", "Of these, heard of within the last minute.");
    metrics_sample(out, "buswarden_vehicles_online", NULL, NULL, (double)vehicles.online);
    metrics_head(out, "buswarden_certificates_ending", "gauge",
                 "Names whose certificate ends within 30 days, or has.");
    metrics_sample(out, "buswarden_certificates_ending", NULL, NULL, (double)ending);
    return write_channels(out, store, now_utc_ms);
}
