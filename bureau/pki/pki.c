#include "bureau/pki/pki.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "proto/savefile.h"
#include "proto/x509pem.h"

enum { PATH_LEN = 4096, DAY_S = 86400, SERIAL_BYTES = 16, NAMES_MAX = 512, SECURITY_BITS_MIN = 112 };

struct pki {
    char dir[PATH_LEN];
    X509 *certificate;
    EVP_PKEY *key;
};

__attribute__((format(printf, 3, 4))) static int fail(char ret_reason[PKI_REASON_MAX], int error,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(ret_reason, PKI_REASON_MAX, format, arguments);
    va_end(arguments);
    ERR_clear_error();
    return error;
}

static int path_of(const char *dir, const char *name, char ret[PATH_LEN])
{
    return (size_t)snprintf(ret, PATH_LEN, "%s/%s", dir, name) < PATH_LEN ? 0 : -ENAMETOOLONG;
}

static int save_pem(const char *path, bool replace, BIO *bio)
{
    char *data;
    const long len = BIO_get_mem_data(bio, &data);
    return len > 0 ? savefile_write(path, 0644, replace, data, (size_t)len) : -ENOMEM;
}

/* --- reading --- */

static void *read_pem(const char *path, void *(*read)(BIO *bio), int *ret_error)
{
    BIO *bio = x509_pem_open(path, ret_error);
    if (bio == NULL)
        return NULL;
    void *object = read(bio);
    BIO_free(bio);
    *ret_error = object != NULL ? 0 : -EBADMSG;
    return object;
}

static void *read_certificate(BIO *bio)
{
    return PEM_read_bio_X509(bio, NULL, x509_no_pass_phrase, NULL);
}

static void *read_key(BIO *bio)
{
    return PEM_read_bio_PrivateKey(bio, NULL, x509_no_pass_phrase, NULL);
}

static void *read_request(BIO *bio)
{
    return PEM_read_bio_X509_REQ(bio, NULL, x509_no_pass_phrase, NULL);
}

static void *read_crl(BIO *bio)
{
    return PEM_read_bio_X509_CRL(bio, NULL, x509_no_pass_phrase, NULL);
}

/* --- parts of a certificate --- */

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40); /* positive, and always of the same length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    const bool done =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

static bool set_name(X509 *certificate, const char *name)
{
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                      (const unsigned char *)name, -1, -1, 0) == 1;
}

/* From a day ago; at the latest until `end` (NULL = no limit). */
static bool set_term(X509 *certificate, int64_t now_utc_ms, int days, const ASN1_TIME *end)
{
    const time_t now_s = (time_t)(now_utc_ms / 1000);
    if (ASN1_TIME_set(X509_getm_notBefore(certificate), now_s - DAY_S) == NULL ||
        ASN1_TIME_set(X509_getm_notAfter(certificate), now_s + (time_t)days * DAY_S) == NULL)
        return false;
    return end == NULL || ASN1_TIME_compare(X509_get0_notAfter(certificate), end) <= 0 ||
           X509_set1_notAfter(certificate, end) == 1;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

/* "a.example,127.0.0.1" as "DNS:a.example,IP:127.0.0.1". False when something else stands there. */
static bool format_names(const char *names, char ret[NAMES_MAX])
{
    char copy[NAMES_MAX];
    size_t used = 0;
    if (strlen(names) >= sizeof copy)
        return false;
    memcpy(copy, names, strlen(names) + 1);
    char *rest = copy;
    for (char *name = strsep(&rest, ","); name != NULL; name = strsep(&rest, ",")) {
        struct in6_addr address;
        const size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-");
        const bool numeric =
            inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
        if (len == 0 || name[len] != '\0' || (!numeric && strchr(name, ':') != NULL))
            return false;
        const int n = snprintf(ret + used, NAMES_MAX - used, "%s%s:%s", used > 0 ? "," : "",
                               numeric ? "IP" : "DNS", name);
        if (n < 0 || (size_t)n >= NAMES_MAX - used)
            return false;
        used += (size_t)n;
    }
    return true;
}

/* --- the authority --- */

static bool fill_authority(X509 *certificate, EVP_PKEY *key, const char *name, int64_t now_utc_ms)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           set_name(certificate, name) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
           set_term(certificate, now_utc_ms, PKI_CA_DAYS, NULL) && X509_set_pubkey(certificate, key) == 1 &&
           add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

static int save_authority(EVP_PKEY *key, const char *name, int64_t now_utc_ms, const char *path)
{
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    int error = -ENOMEM;
    if (certificate != NULL && bio != NULL && fill_authority(certificate, key, name, now_utc_ms) &&
        PEM_write_bio_X509(bio, certificate) == 1)
        error = save_pem(path, false, bio);
    BIO_free(bio);
    X509_free(certificate);
    return error;
}

int pki_create(const char *dir, const char *name, int64_t now_utc_ms, char ret_reason[PKI_REASON_MAX])
{
    char key_path[PATH_LEN], path[PATH_LEN];
    struct stat status;
    if (path_of(dir, "ca.key", key_path) != 0 || path_of(dir, "ca.crt", path) != 0)
        return fail(ret_reason, -ENAMETOOLONG, "%.100s: too long", dir);
    if (lstat(path, &status) == 0)
        return fail(ret_reason, -EEXIST, "%.200s: there already", path);
    int error = x509_key_create(key_path);
    if (error != 0)
        return fail(ret_reason, error, "%.200s: %s", key_path,
                    error == -EEXIST
                        ? "there, and its ca.crt is not: put that back, or take ca.key away when "
                          "nothing was issued with it"
                        : strerror(-error));
    EVP_PKEY *key = read_pem(key_path, read_key, &error);
    if (key != NULL)
        error = save_authority(key, name, now_utc_ms, path);
    EVP_PKEY_free(key);
    if (error != 0) {
        (void)remove(key_path); /* this call's own; half an authority is none */
        return fail(ret_reason, error, "%.200s: %s", path, strerror(-error));
    }
    return 0;
}

static const char *reason_of(int error)
{
    return error == -EBADMSG ? "not PEM of that kind, or damaged" : strerror(-error);
}

static int load(struct pki *pki, char ret_reason[PKI_REASON_MAX])
{
    char key_path[PATH_LEN], path[PATH_LEN];
    struct stat status;
    int error = 0;
    if (path_of(pki->dir, "ca.key", key_path) != 0 || path_of(pki->dir, "ca.crt", path) != 0)
        return fail(ret_reason, -ENAMETOOLONG, "%.100s: too long", pki->dir);
    pki->certificate = read_pem(path, read_certificate, &error);
    if (pki->certificate == NULL)
        return fail(ret_reason, error, "%.180s: %s", path, reason_of(error));
    if (stat(key_path, &status) == 0 && (status.st_mode & 0077) != 0)
        return fail(ret_reason, -EPERM, "%.180s: others may read it: chmod 600 it", key_path);
    pki->key = read_pem(key_path, read_key, &error);
    if (pki->key == NULL && error == -ENOENT)
        return fail(ret_reason, -ENOKEY, "%.180s: missing, and its ca.crt is there: put it back", key_path);
    if (pki->key == NULL)
        return fail(ret_reason, error, "%.180s: %s", key_path, reason_of(error));
    if (X509_check_private_key(pki->certificate, pki->key) != 1)
        return fail(ret_reason, -EKEYREJECTED, "%.180s: not the key of ca.crt", key_path);
    return 0;
}

int pki_open(const char *dir, struct pki **ret, char ret_reason[PKI_REASON_MAX])
{
    struct pki *pki = calloc(1, sizeof *pki);
    if (pki == NULL)
        return fail(ret_reason, -ENOMEM, "out of memory");
    (void)snprintf(pki->dir, sizeof pki->dir, "%s", dir);
    const int error = load(pki, ret_reason);
    if (error != 0) {
        pki_close(pki);
        return error;
    }
    *ret = pki;
    return 0;
}

void pki_close(struct pki *pki)
{
    if (pki == NULL)
        return;
    X509_free(pki->certificate);
    EVP_PKEY_free(pki->key);
    free(pki);
}

/* --- certificates --- */

/* A request proves that who asks holds the key; its name, when it gives one, must be the one asked for. */
static int key_of_request(const char *path, const char *name, EVP_PKEY **ret, char ret_reason[PKI_REASON_MAX])
{
    int error = 0;
    char asked[X509_NAME_LEN] = "";
    X509_REQ *request = read_pem(path, read_request, &error);
    if (request == NULL)
        return fail(ret_reason, error, "%.180s: %s", path, reason_of(error));
    EVP_PKEY *key = X509_REQ_get0_pubkey(request);
    const int len =
        X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(request), NID_commonName, asked, sizeof asked);
    if (key == NULL || X509_REQ_verify(request, key) != 1)
        error = fail(ret_reason, -EKEYREJECTED, "%.180s: not signed by its own key", path);
    else if (len >= 0 && strcmp(asked, name) != 0)
        error = fail(ret_reason, -EINVAL, "%.150s: a request of \"%.60s\"", path, asked);
    else if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN)
        error = fail(ret_reason, -EKEYREJECTED, "%.180s: its key is too weak", path);
    else if (EVP_PKEY_up_ref(key) == 1)
        *ret = key;
    else
        error = fail(ret_reason, -ENOMEM, "out of memory");
    X509_REQ_free(request);
    return error;
}

/* What a certificate is made of, beside the order: freed by clear_parts(). */
struct parts {
    EVP_PKEY *key;
    X509_EXTENSION *server_names; /* NULL = a client's */
};

static void clear_parts(struct parts *parts)
{
    EVP_PKEY_free(parts->key);
    X509_EXTENSION_free(parts->server_names);
}

static int take_parts_of_earlier(const struct pki_order *order, struct parts *parts,
                                 char ret_reason[PKI_REASON_MAX])
{
    const unsigned char *at = order->der;
    X509 *earlier = d2i_X509(NULL, &at, (long)order->der_len);
    const int names = earlier != NULL ? X509_get_ext_by_NID(earlier, NID_subject_alt_name, -1) : -1;
    parts->key = earlier != NULL ? X509_get_pubkey(earlier) : NULL;
    if (names >= 0)
        parts->server_names = X509_EXTENSION_dup(X509_get_ext(earlier, names));
    X509_free(earlier);
    if (parts->key == NULL || (names >= 0 && parts->server_names == NULL))
        return fail(ret_reason, -EBADMSG, "the earlier certificate is damaged");
    return 0;
}

static int take_parts(const struct pki_order *order, struct parts *parts, char ret_reason[PKI_REASON_MAX])
{
    int error = 0;
    char names[NAMES_MAX];
    if (order->server_names != NULL) {
        if (!format_names(order->server_names, names) ||
            (parts->server_names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names)) == NULL)
            return fail(ret_reason, -EINVAL, "%.200s: not names or addresses of a server",
                        order->server_names);
    }
    if (order->request_path != NULL)
        return key_of_request(order->request_path, order->name, &parts->key, ret_reason);
    if (order->key_path == NULL)
        return take_parts_of_earlier(order, parts, ret_reason);
    parts->key = read_pem(order->key_path, read_key, &error);
    return parts->key != NULL ? 0 : fail(ret_reason, error, "%.180s: %s", order->key_path, reason_of(error));
}

static bool fill(struct pki *pki, const struct pki_order *order, const struct parts *parts, X509 *certificate)
{
    const bool server = parts->server_names != NULL;
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           set_name(certificate, order->name) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(pki->certificate)) == 1 &&
           set_term(certificate, order->now_utc_ms, order->days, X509_get0_notAfter(pki->certificate)) &&
           X509_set_pubkey(certificate, parts->key) == 1 &&
           add_extension(certificate, pki->certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, pki->certificate, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, pki->certificate, NID_ext_key_usage,
                         server ? "serverAuth" : "clientAuth") &&
           add_extension(certificate, pki->certificate, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, pki->certificate, NID_authority_key_identifier, "keyid:always") &&
           (!server || X509_add_ext(certificate, parts->server_names, -1) == 1) &&
           X509_sign(certificate, pki->key, EVP_sha256()) > 0;
}

static int encode(X509 *certificate, struct pki_certificate *ret)
{
    unsigned char *at = ret->der;
    const int len = i2d_X509(certificate, NULL);
    if (len <= 0 || len > PKI_DER_MAX || i2d_X509(certificate, &at) != len)
        return -EMSGSIZE;
    ret->der_len = (size_t)len;
    return x509_read_der(ret->der, ret->der_len, &ret->info);
}

int pki_issue(struct pki *pki, const struct pki_order *order, struct pki_certificate *ret,
              char ret_reason[PKI_REASON_MAX])
{
    struct parts parts = {0};
    struct pki_certificate made = {0};
    if (order->days < 1 || order->days > PKI_CA_DAYS || strlen(order->name) >= X509_NAME_LEN)
        return fail(ret_reason, -EINVAL, "a certificate is for 1 to %d days", PKI_CA_DAYS);
    int error = take_parts(order, &parts, ret_reason);
    X509 *certificate = error == 0 ? X509_new() : NULL;
    if (error == 0 && (certificate == NULL || !fill(pki, order, &parts, certificate)))
        error = fail(ret_reason, -EIO, "OpenSSL cannot make the certificate");
    if (error == 0 && encode(certificate, &made) != 0)
        error = fail(ret_reason, -EMSGSIZE, "the certificate is too large");
    X509_free(certificate);
    clear_parts(&parts);
    if (error == 0)
        *ret = made;
    return error;
}

int pki_save(const char *path, bool replace, const struct pki_certificate *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const bool written = bio != NULL && PEM_write_bio(bio, PEM_STRING_X509, "", certificate->der,
                                                      (long)certificate->der_len) > 0;
    const int error = written ? save_pem(path, replace, bio) : -ENOMEM;
    BIO_free(bio);
    return error;
}

/* --- the list of the revoked --- */

static bool add_revoked(X509_CRL *crl, const struct pki_revoked *revoked)
{
    BIGNUM *number = NULL;
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)(revoked->revoked_utc_ms / 1000));
    ASN1_INTEGER *serial = BN_hex2bn(&number, revoked->serial) > 0 ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
    const bool filled = entry != NULL && when != NULL && serial != NULL &&
                        X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
                        X509_REVOKED_set_revocationDate(entry, when) == 1;
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(when);
    BN_free(number);
    if (filled && X509_CRL_add0_revoked(crl, entry) == 1)
        return true; /* the list owns it */
    X509_REVOKED_free(entry);
    return false;
}

/* A day back, for brokers whose clock is behind; but always later than the list before it, because a broker
 * that reads both takes the later one. */
static time_t issue_time_s(const char *path, int64_t now_utc_ms)
{
    int error;
    struct tm utc;
    time_t issued_s = (time_t)(now_utc_ms / 1000) - DAY_S;
    X509_CRL *before = read_pem(path, read_crl, &error);
    if (before != NULL && ASN1_TIME_to_tm(X509_CRL_get0_lastUpdate(before), &utc) == 1 &&
        timegm(&utc) >= issued_s)
        issued_s = timegm(&utc) + 1;
    X509_CRL_free(before);
    return issued_s;
}

static bool number_crl(X509_CRL *crl, time_t issued_s)
{
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    const bool done = number != NULL && ASN1_INTEGER_set_int64(number, issued_s) == 1 &&
                      X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1;
    ASN1_INTEGER_free(number);
    return done;
}

static bool fill_crl(struct pki *pki, const struct pki_revoked *revoked, size_t n, time_t issued_s,
                     X509_CRL *crl)
{
    ASN1_TIME *issued = ASN1_TIME_set(NULL, issued_s);
    bool good = issued != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
                X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki->certificate)) == 1 &&
                X509_CRL_set1_lastUpdate(crl, issued) == 1 &&
                X509_CRL_set1_nextUpdate(crl, X509_get0_notAfter(pki->certificate)) == 1 &&
                number_crl(crl, issued_s);
    for (size_t i = 0; i < n && good; i++)
        good = add_revoked(crl, &revoked[i]);
    ASN1_TIME_free(issued);
    return good && X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, pki->key, EVP_sha256()) > 0;
}

int pki_write_crl(struct pki *pki, const struct pki_revoked *revoked, size_t n, int64_t now_utc_ms,
                  char ret_reason[PKI_REASON_MAX])
{
    char path[PATH_LEN];
    if (path_of(pki->dir, "crl.pem", path) != 0)
        return fail(ret_reason, -ENAMETOOLONG, "%.100s: too long", pki->dir);
    X509_CRL *crl = X509_CRL_new();
    BIO *bio = BIO_new(BIO_s_mem());
    int error = -ENOMEM;
    if (crl != NULL && bio != NULL && fill_crl(pki, revoked, n, issue_time_s(path, now_utc_ms), crl) &&
        PEM_write_bio_X509_CRL(bio, crl) == 1)
        error = save_pem(path, true, bio);
    BIO_free(bio);
    X509_CRL_free(crl);
    return error == 0 ? 0 : fail(ret_reason, error, "%.180s: %s", path, strerror(-error));
}
