/* PEM files, for proto/x509.c and bureau/pki alone: these have OpenSSL's types. */
#ifndef BUSWARDEN_X509PEM_H
#define BUSWARDEN_X509PEM_H

#include <openssl/bio.h>

/* The caller frees; NULL with a negative errno. */
BIO *x509_pem_open(const char *path, int *ret_error);
/* For PEM_read_bio_...(): a file whose key asks for a pass phrase is refused, for nobody is there who could
 * give one. */
int x509_no_pass_phrase(char *text, int size, int for_writing, void *context);

#endif
