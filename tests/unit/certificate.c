/* The vehicle's certificate: what is wrong with it is found before the broker says no. */
#include "gateway/certificate.h"
#include "bureau/pki/pki.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t NOW_MS = 1789000000000, DAY_MS = 86400000;
static char dir[] = "/tmp/buswarden-certificate-XXXXXX";

static const char *in(const char *name)
{
    static char paths[8][128];
    static int next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

/* An authority, and bus-a with a certificate of 100 days from NOW_MS on (from a day before). */
static void make(void)
{
    char reason[PKI_REASON_MAX];
    struct pki *pki;
    struct pki_certificate certificate;
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(pki_create(dir, "test authority", NOW_MS, reason), 0, "%s", reason);
    cr_assert_eq(pki_open(dir, &pki, reason), 0, "%s", reason);
    cr_assert_eq(x509_key_create(in("tls.key")), 0);
    const struct pki_order order = {
        .name = "bus-a", .days = 100, .now_utc_ms = NOW_MS, .key_path = in("tls.key")};
    cr_assert_eq(pki_issue(pki, &order, &certificate, reason), 0, "%s", reason);
    cr_assert_eq(pki_save(in("tls.crt"), false, &certificate), 0);
    struct pki_order long_order = order;
    long_order.days = PKI_CA_DAYS;
    long_order.key_path = in("tls.key");
    cr_assert_eq(pki_issue(pki, &long_order, &certificate, reason), 0, "%s", reason);
    cr_assert_eq(pki_save(in("long.crt"), false, &certificate), 0);
    pki_close(pki);
}

static void clean(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(certificate, .init = make, .fini = clean);

static struct certificate look(const char *vehicle, const char *own, const char *key, const char *authority,
                               int64_t utc_ms)
{
    struct certificate certificate;
    struct certificate_seen seen = {0};
    const struct certificate_files files = {
        .vehicle = vehicle, .certificate = in(own), .key = in(key), .authority = in(authority)};
    certificate_look(&seen, &files, utc_ms, &certificate);
    return certificate;
}

Test(certificate, its_end_is_told_thirty_days_ahead)
{
    const struct {
        int64_t at_ms;
        enum certificate_fault fault;
    } rows[] = {
        {NOW_MS - DAY_MS - 1000, CERTIFICATE_NOT_YET},
        {NOW_MS - DAY_MS, CERTIFICATE_GOOD},
        {NOW_MS + 70 * DAY_MS, CERTIFICATE_GOOD},
        {NOW_MS + 70 * DAY_MS + 1, CERTIFICATE_ENDS_SOON},
        {NOW_MS + 100 * DAY_MS - 1, CERTIFICATE_ENDS_SOON},
        {NOW_MS + 100 * DAY_MS, CERTIFICATE_ENDED},
        {0, CERTIFICATE_GOOD}, /* nobody knows the time */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct certificate certificate = look("bus-a", "tls.crt", "tls.key", "ca.crt", rows[i].at_ms);
        cr_expect_eq(certificate.fault, rows[i].fault, "row %zu: %d", i, (int)certificate.fault);
        cr_expect(certificate.known);
        cr_expect_eq(certificate.detail[0] == '\0', rows[i].fault == CERTIFICATE_GOOD, "row %zu", i);
    }
}

Test(certificate, the_authoritys_end_is_told_as_well_and_what_has_ended_before_what_ends_soon)
{
    const int64_t end_ms = NOW_MS + PKI_CA_DAYS * DAY_MS;
    struct certificate certificate = look("bus-a", "long.crt", "tls.key", "ca.crt", end_ms - 10 * DAY_MS);
    cr_expect_eq(certificate.fault, CERTIFICATE_ENDS_SOON);
    cr_expect_not_null(strstr(certificate.detail, "long.crt"));
    /* The vehicle's own for the authority's: it ends soon while long.crt is good. */
    certificate = look("bus-a", "long.crt", "tls.key", "tls.crt", NOW_MS + 80 * DAY_MS);
    cr_expect_eq(certificate.fault, CERTIFICATE_ENDS_SOON);
    cr_expect_not_null(strstr(certificate.detail, "tls.crt: 20"), "%s", certificate.detail);
    certificate = look("bus-a", "long.crt", "tls.key", "tls.crt", NOW_MS + 101 * DAY_MS);
    cr_expect_eq(certificate.fault, CERTIFICATE_ENDED);
}

Test(certificate, files_that_will_not_do_are_named)
{
    const struct {
        const char *vehicle, *own, *key, *authority, *detail;
        enum certificate_fault fault;
    } rows[] = {
        {"bus-a", "none.crt", "tls.key", "ca.crt", "none.crt: No such file", CERTIFICATE_UNREADABLE},
        {"bus-a", "tls.crt", "none.key", "ca.crt", "none.key: No such file", CERTIFICATE_UNREADABLE},
        {"bus-a", "tls.crt", "tls.key", "none.crt", "none.crt: No such file", CERTIFICATE_UNREADABLE},
        {"bus-a", "tls.key", "tls.key", "ca.crt", "tls.key: no PEM", CERTIFICATE_UNREADABLE},
        {"bus-a", "tls.crt", "tls.crt", "ca.crt", "tls.crt: no PEM", CERTIFICATE_UNREADABLE},
        {"bus-a", "tls.crt", "ca.key", "ca.crt", "ca.key", CERTIFICATE_NOT_ITS_KEY},
        {"bus-b", "tls.crt", "tls.key", "ca.crt", "tls.crt: bus-a", CERTIFICATE_ANOTHERS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct certificate certificate =
            look(rows[i].vehicle, rows[i].own, rows[i].key, rows[i].authority, NOW_MS);
        cr_expect_eq(certificate.fault, rows[i].fault, "row %zu", i);
        cr_expect_not_null(strstr(certificate.detail, rows[i].detail), "row %zu: %s", i, certificate.detail);
    }
}

static struct certificate_seen seen;

static enum certificate_fault look_again(int64_t utc_ms)
{
    struct certificate certificate;
    const struct certificate_files files = {
        .vehicle = "bus-a", .certificate = in("now.crt"), .key = in("tls.key"), .authority = in("ca.crt")};
    certificate_look(&seen, &files, utc_ms, &certificate);
    return certificate.fault;
}

static void put(const char *name) /* as now.crt */
{
    char command[320];
    (void)snprintf(command, sizeof command, "cp %s %s && mv %s %s", in(name), in("now.new"), in("now.new"),
                   in("now.crt"));
    cr_assert_eq(system(command), 0);
}

Test(certificate, files_are_read_when_they_have_changed_and_dates_are_judged_each_time)
{
    put("tls.crt");
    cr_expect_eq(look_again(NOW_MS), CERTIFICATE_GOOD);
    cr_expect_eq(look_again(NOW_MS + 80 * DAY_MS), CERTIFICATE_ENDS_SOON);
    cr_expect_eq(look_again(NOW_MS + 101 * DAY_MS), CERTIFICATE_ENDED);
    cr_expect_eq(look_again(NOW_MS), CERTIFICATE_GOOD);
    cr_expect_eq(seen.reads, 1);
    put("long.crt");
    cr_expect_eq(look_again(NOW_MS + 101 * DAY_MS), CERTIFICATE_GOOD, "the renewed one does not show");
    cr_expect_eq(seen.reads, 2);
    put("tls.key");
    cr_expect_eq(look_again(NOW_MS), CERTIFICATE_UNREADABLE);
    cr_expect_eq(look_again(NOW_MS), CERTIFICATE_UNREADABLE);
    cr_expect_eq(seen.reads, 3);
}

Test(certificate, one_that_is_missing_is_looked_for_each_time)
{
    cr_expect_eq(look_again(NOW_MS), CERTIFICATE_UNREADABLE);
    cr_expect_eq(look_again(NOW_MS), CERTIFICATE_UNREADABLE);
    put("tls.crt");
    cr_expect_eq(look_again(NOW_MS), CERTIFICATE_GOOD);
    cr_expect_eq(seen.reads, 3);
}
