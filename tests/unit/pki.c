/* The bureau's authority: what it signs, what it refuses, and that nothing is written over. */
#include "bureau/pki/pki.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static const int64_t NOW_MS = 1789000000000, DAY_MS = 86400000;
static char dir[] = "/tmp/buswarden-pki-XXXXXX";
static char reason[PKI_REASON_MAX];
static struct pki *pki;

static const char *in(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static void open_pki(void)
{
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(pki_create(dir, "test authority", NOW_MS, reason), 0, "%s", reason);
    cr_assert_eq(pki_open(dir, &pki, reason), 0, "%s", reason);
}

static void close_pki(void)
{
    char command[128];
    pki_close(pki);
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(pki, .init = open_pki, .fini = close_pki);

static struct pki_certificate issue(const struct pki_order *order)
{
    struct pki_certificate certificate = {0};
    cr_assert_eq(pki_issue(pki, order, &certificate, reason), 0, "%s", reason);
    return certificate;
}

static struct pki_order order_for(const char *name)
{
    cr_assert_eq(x509_key_create(in("tls.key")), 0);
    return (struct pki_order){.name = name, .days = 100, .now_utc_ms = NOW_MS, .key_path = in("tls.key")};
}

/* Whether OpenSSL takes it, at an instant, for a purpose. */
static int verify(const struct pki_certificate *certificate, int64_t at_utc_ms, int purpose, bool with_crl)
{
    FILE *file = fopen(in("ca.crt"), "r");
    X509 *authority = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    const unsigned char *at = certificate->der;
    X509 *one = d2i_X509(NULL, &at, (long)certificate->der_len);
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    cr_assert(authority && one && X509_STORE_add_cert(trusted, authority) == 1);
    if (with_crl) {
        file = fopen(in("crl.pem"), "r");
        X509_CRL *crl = PEM_read_X509_CRL(file, NULL, NULL, NULL);
        (void)fclose(file);
        cr_assert(crl && X509_STORE_add_crl(trusted, crl) == 1);
        X509_CRL_free(crl);
    }
    cr_assert_eq(X509_STORE_CTX_init(context, trusted, one, NULL), 1);
    X509_STORE_CTX_set_time(context, X509_V_FLAG_USE_CHECK_TIME, (time_t)(at_utc_ms / 1000));
    (void)X509_STORE_CTX_set_purpose(context, purpose);
    if (with_crl)
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_CRL_CHECK);
    (void)X509_verify_cert(context);
    const int code = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(trusted);
    X509_free(one);
    X509_free(authority);
    return code;
}

Test(pki, an_authority_is_never_written_over)
{
    cr_expect_eq(pki_create(dir, "again", NOW_MS, reason), -EEXIST);
    cr_assert_eq(remove(in("ca.crt")), 0);
    cr_expect_eq(pki_create(dir, "again", NOW_MS, reason), -EEXIST, "its key is there");
}

Test(pki, a_key_that_others_may_read_or_that_is_anothers_is_refused)
{
    struct pki *other = NULL;
    cr_assert_eq(chmod(in("ca.key"), 0644), 0);
    cr_expect_eq(pki_open(dir, &other, reason), -EPERM);
    cr_assert_eq(remove(in("ca.key")), 0);
    cr_expect_eq(pki_open(dir, &other, reason), -ENOKEY);
    cr_assert_eq(x509_key_create(in("ca.key")), 0);
    cr_expect_eq(pki_open(dir, &other, reason), -EKEYREJECTED);
    cr_expect_null(other);
}

Test(pki, a_vehicles_certificate_is_good_for_a_client_and_from_its_day_to_its_end)
{
    const struct pki_order order = order_for("bus-a");
    const struct pki_certificate certificate = issue(&order);
    const struct {
        int64_t at_ms;
        int purpose, code;
    } rows[] = {
        {NOW_MS, X509_PURPOSE_SSL_CLIENT, X509_V_OK},
        {NOW_MS, X509_PURPOSE_SSL_SERVER, X509_V_ERR_INVALID_PURPOSE},
        {NOW_MS - DAY_MS + 1000, X509_PURPOSE_SSL_CLIENT, X509_V_OK},
        {NOW_MS + 100 * DAY_MS - 1000, X509_PURPOSE_SSL_CLIENT, X509_V_OK},
        {NOW_MS + 100 * DAY_MS + 1000, X509_PURPOSE_SSL_CLIENT, X509_V_ERR_CERT_HAS_EXPIRED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(verify(&certificate, rows[i].at_ms, rows[i].purpose, false), rows[i].code, "row %zu", i);
    cr_expect_str_eq(certificate.info.name, "bus-a");
    cr_expect_eq(certificate.info.not_after_utc_ms, NOW_MS + 100 * DAY_MS);
    cr_assert_eq(pki_save(in("tls.crt"), false, &certificate), 0);
    cr_expect_eq(x509_check_pair(in("tls.crt"), in("tls.key")), 0);
    cr_expect_eq(x509_check_pair(in("tls.crt"), in("ca.key")), -EKEYREJECTED);
}

Test(pki, no_certificate_outlives_the_authority)
{
    struct pki_order order = order_for("bus-a");
    order.days = PKI_CA_DAYS;
    order.now_utc_ms = NOW_MS + 1000 * DAY_MS;
    cr_expect_eq(issue(&order).info.not_after_utc_ms, NOW_MS + PKI_CA_DAYS * DAY_MS);
}

Test(pki, orders_that_cannot_be_are_refused)
{
    const struct pki_order good = order_for("bus-a");
    struct pki_certificate certificate;
    struct {
        const char *names;
        int days;
    } rows[] = {{NULL, 0},          {NULL, PKI_CA_DAYS + 1}, {"", 1},      {"a,", 1},
                {"a b", 1},         {"a\nDNS:evil", 1},      {"DNS:a", 1}, {"*.example.cn", 1},
                {"email:a@b.c", 1}, {"1::2::3", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pki_order order = good;
        order.days = rows[i].days;
        order.server_names = rows[i].names;
        cr_expect_eq(pki_issue(pki, &order, &certificate, reason), -EINVAL, "row %zu: %s", i, reason);
    }
}

Test(pki, a_request_is_taken_for_its_own_name_alone)
{
    cr_assert_eq(x509_key_create(in("tls.key")), 0);
    cr_assert_eq(x509_request_create(in("tls.key"), "bus-a", in("tls.csr")), 0);
    struct pki_order order = {
        .name = "bus-b", .days = 1, .now_utc_ms = NOW_MS, .request_path = in("tls.csr")};
    struct pki_certificate certificate;
    cr_expect_eq(pki_issue(pki, &order, &certificate, reason), -EINVAL);
    order.name = "bus-a";
    order.request_path = in("tls.csr");
    certificate = issue(&order);
    cr_expect_eq(verify(&certificate, NOW_MS, X509_PURPOSE_SSL_CLIENT, false), X509_V_OK);
    order.request_path = in("tls.key");
    cr_expect_eq(pki_issue(pki, &order, &certificate, reason), -EBADMSG);
}

Test(pki, a_request_that_its_key_did_not_sign_is_refused)
{
    cr_assert_eq(x509_key_create(in("tls.key")), 0);
    cr_assert_eq(x509_request_create(in("tls.key"), "bus-a", in("tls.csr")), 0);
    FILE *file = fopen(in("tls.csr"), "r");
    X509_REQ *request = PEM_read_X509_REQ(file, NULL, NULL, NULL);
    (void)fclose(file);
    EVP_PKEY *other = EVP_EC_gen("P-256");
    cr_assert_eq(X509_REQ_set_pubkey(request, other), 1);
    file = fopen(in("forged.csr"), "w");
    cr_assert_eq(PEM_write_X509_REQ(file, request), 1);
    (void)fclose(file);
    X509_REQ_free(request);
    EVP_PKEY_free(other);
    const struct pki_order order = {
        .name = "bus-a", .days = 1, .now_utc_ms = NOW_MS, .request_path = in("forged.csr")};
    struct pki_certificate certificate;
    cr_expect_eq(pki_issue(pki, &order, &certificate, reason), -EKEYREJECTED, "%s", reason);
}

Test(pki, renewing_keeps_the_key_the_purpose_and_a_servers_names)
{
    struct pki_order order = order_for("server");
    order.server_names = "broker.example,192.0.2.1";
    const struct pki_certificate first = issue(&order);
    const struct pki_order renewal = {.name = "server",
                                      .days = 500,
                                      .now_utc_ms = NOW_MS + 90 * DAY_MS,
                                      .der = first.der,
                                      .der_len = first.der_len};
    const struct pki_certificate second = issue(&renewal);
    cr_expect_str_neq(first.info.serial, second.info.serial);
    cr_assert_eq(pki_save(in("tls.crt"), false, &second), 0);
    cr_expect_eq(x509_check_pair(in("tls.crt"), in("tls.key")), 0);
    cr_expect_eq(verify(&second, NOW_MS + 200 * DAY_MS, X509_PURPOSE_SSL_SERVER, false), X509_V_OK);
    const unsigned char *at = second.der;
    X509 *certificate = d2i_X509(NULL, &at, (long)second.der_len);
    cr_expect_eq(X509_check_host(certificate, "broker.example", 0, 0, NULL), 1);
    cr_expect_eq(X509_check_ip_asc(certificate, "192.0.2.1", 0), 1);
    cr_expect_eq(X509_check_host(certificate, "other.example", 0, 0, NULL), 0);
    X509_free(certificate);
}

static int64_t crl_issued_s(void)
{
    struct tm utc;
    FILE *file = fopen(in("crl.pem"), "r");
    X509_CRL *crl = PEM_read_X509_CRL(file, NULL, NULL, NULL);
    (void)fclose(file);
    cr_assert_eq(ASN1_TIME_to_tm(X509_CRL_get0_lastUpdate(crl), &utc), 1);
    X509_CRL_free(crl);
    return (int64_t)timegm(&utc);
}

Test(pki, the_list_names_the_revoked_and_stands_as_long_as_the_authority)
{
    const struct pki_order order = order_for("bus-a");
    struct pki_order second = order;
    second.key_path = in("tls.key");
    const struct pki_certificate revoked = issue(&order), other = issue(&second);
    struct pki_revoked list = {.revoked_utc_ms = NOW_MS};
    memcpy(list.serial, revoked.info.serial, sizeof list.serial);
    cr_assert_eq(pki_write_crl(pki, NULL, 0, NOW_MS, reason), 0, "%s", reason);
    cr_expect_eq(verify(&revoked, NOW_MS, X509_PURPOSE_SSL_CLIENT, true), X509_V_OK, "an empty list");
    cr_assert_eq(pki_write_crl(pki, &list, 1, NOW_MS, reason), 0, "%s", reason);
    cr_expect_eq(verify(&revoked, NOW_MS, X509_PURPOSE_SSL_CLIENT, true), X509_V_ERR_CERT_REVOKED);
    cr_expect_eq(verify(&other, NOW_MS, X509_PURPOSE_SSL_CLIENT, true), X509_V_OK);
    cr_expect_eq(verify(&other, NOW_MS + 99 * DAY_MS, X509_PURPOSE_SSL_CLIENT, true), X509_V_OK);
}

Test(pki, of_two_lists_in_one_second_the_second_is_the_later_one)
{
    cr_assert_eq(pki_write_crl(pki, NULL, 0, NOW_MS, reason), 0);
    const int64_t first_s = crl_issued_s();
    cr_assert_eq(pki_write_crl(pki, NULL, 0, NOW_MS, reason), 0);
    cr_expect_gt(crl_issued_s(), first_s);
}
