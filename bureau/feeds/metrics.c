#include "bureau/feeds/metrics.h"

#include "bureau/api/json.h"
#include "bureau/pki/pki.h"
#include "bureau/store/figures.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

#include <math.h>

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
    return 0;
}
