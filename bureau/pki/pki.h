/* The bureau's own certificate authority (libcrypto), in one folder:
 *
 *     ca.crt  ca.key       EC P-256; CA:TRUE, pathlen 0; the key 0600
 *     crl.pem              which certificates are revoked
 *
 * What it signs is for TLS alone: records, licences and receipts are signed with Ed25519 (proto/seal.h).
 * Certificates begin a day back, so that a vehicle whose clock is behind takes them, and never outlive the
 * authority. Return 0 or a negative errno; ret_reason has the words on failure. */
#ifndef BUSWARDEN_PKI_H
#define BUSWARDEN_PKI_H

#include "proto/x509.h"

enum {
    PKI_REASON_MAX = 256,
    PKI_DAYS = 825, /* of a certificate, unless told otherwise */
    PKI_CA_DAYS = 3650,
    PKI_DER_MAX = 4096, /* of a certificate */
    PKI_WARN_DAYS = 30, /* an end that is nearer than this is told of */
};

struct pki;

/* Makes ca.crt and ca.key; -EEXIST when one of them is there: never written over. */
int pki_create(const char *dir, const char *name, int64_t now_utc_ms, char ret_reason[PKI_REASON_MAX]);
/* -ENOENT: there is no authority; -ENOKEY: its key is missing; -EKEYREJECTED: key and certificate are not a
 * pair; -EPERM: others may read the key. */
int pki_open(const char *dir, struct pki **ret, char ret_reason[PKI_REASON_MAX]);
void pki_close(struct pki *pki);

struct pki_order {
    const char *name; /* common name */
    const char
        *server_names; /* DNS names and addresses, comma between them; NULL = a client's, or as before */
    int days;          /* 1 to 3650 */
    int64_t now_utc_ms;
    /* Whose key: exactly one of the three. */
    const char *key_path;     /* a secret key */
    const char *request_path; /* a request; its own name must be `name`, or none */
    const uint8_t *der;       /* an earlier certificate: renewed */
    size_t der_len;
};
struct pki_certificate {
    struct x509_info info;
    uint8_t der[PKI_DER_MAX];
    size_t der_len;
};
/* -EINVAL: the order cannot be; -EBADMSG, -EKEYREJECTED: a request that is damaged, not signed by its own key
 * or of a weak key. */
int pki_issue(struct pki *pki, const struct pki_order *order, struct pki_certificate *ret,
              char ret_reason[PKI_REASON_MAX]);
/* As PEM, mode 0644. */
int pki_save(const char *path, bool replace, const struct pki_certificate *certificate);

struct pki_revoked {
    char serial[X509_SERIAL_LEN];
    int64_t revoked_utc_ms;
};
/* Replaces dir/crl.pem as a whole. It is valid as long as the authority is: a broker whose list had run out
 * would refuse every vehicle. */
int pki_write_crl(struct pki *pki, const struct pki_revoked *revoked, size_t n, int64_t now_utc_ms,
                  char ret_reason[PKI_REASON_MAX]);

#endif
