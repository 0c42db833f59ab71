/* X.509 for both ends: TLS keys, requests and what a certificate says (libcrypto; docs/decisions). What only
 * an authority does is in bureau/pki.
 *
 * Keys are EC P-256. All files are PEM. Return 0 or a negative errno: -EBADMSG: not PEM of that kind. */
#ifndef BUSWARDEN_X509_H
#define BUSWARDEN_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { X509_NAME_LEN = 65, X509_SERIAL_LEN = 41, X509_FINGERPRINT_LEN = 65 }; /* with their NULs */

struct x509_info {
    char name[X509_NAME_LEN];               /* common name; "" = none, or not plain ASCII */
    char serial[X509_SERIAL_LEN];           /* hex, upper case */
    char fingerprint[X509_FINGERPRINT_LEN]; /* SHA-256, hex */
    int64_t not_before_utc_ms, not_after_utc_ms;
};

/* Mode 0600, never over an existing file (-EEXIST). */
int x509_key_create(const char *path);
/* A request for `name`, signed with the key of key_path; never over an existing file. */
int x509_request_create(const char *key_path, const char *name, const char *path);
/* The first certificate of a file. */
int x509_read(const char *path, struct x509_info *ret);
int x509_read_der(const uint8_t *der, size_t len, struct x509_info *ret);
/* -EKEYREJECTED: the key is not that of the certificate. */
int x509_check_pair(const char *certificate_path, const char *key_path);

#endif
