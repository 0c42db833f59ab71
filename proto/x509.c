#include "proto/x509.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "proto/savefile.h"
#include "proto/x509pem.h"

/* --- files --- */

static int save_bio(const char *path, unsigned mode, BIO *bio)
{
    char *data;
    const long len = BIO_get_mem_data(bio, &data);
    return len > 0 ? savefile_write(path, mode, false, data, (size_t)len) : -ENOMEM;
}

BIO *x509_pem_open(const char *path, int *ret_error)
{
    FILE *file = fopen(path, "re");
    BIO *bio = file != NULL ? BIO_new_fp(file, BIO_CLOSE) : NULL;
    *ret_error = file == NULL ? -errno : bio == NULL ? -ENOMEM : 0;
    if (file != NULL && bio == NULL)
        (void)fclose(file);
    return bio;
}

int x509_no_pass_phrase(char *text, int size, int for_writing, void *context)
{
    (void)text;
    (void)size;
    (void)for_writing;
    (void)context;
    return -1;
}

static int read_key(const char *path, EVP_PKEY **ret)
{
    int error;
    BIO *bio = x509_pem_open(path, &error);
    if (bio == NULL)
        return error;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, x509_no_pass_phrase, NULL);
    BIO_free(bio);
    if (key == NULL)
        return -EBADMSG;
    *ret = key;
    return 0;
}

static int read_certificate(const char *path, X509 **ret)
{
    int error;
    BIO *bio = x509_pem_open(path, &error);
    if (bio == NULL)
        return error;
    X509 *certificate = PEM_read_bio_X509(bio, NULL, x509_no_pass_phrase, NULL);
    BIO_free(bio);
    if (certificate == NULL)
        return -EBADMSG;
    *ret = certificate;
    return 0;
}

/* --- keys and requests --- */

int x509_key_create(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_secmem());
    int error = -ENOMEM;
    if (key != NULL && bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
        error = save_bio(path, 0600, bio);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return error;
}

static int make_request(EVP_PKEY *key, const char *name, BIO *bio)
{
    X509_REQ *request = X509_REQ_new();
    const unsigned char *text = (const unsigned char *)name;
    const bool made = request != NULL && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
                      X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_ASC, text,
                                                 -1, -1, 0) == 1 &&
                      X509_REQ_set_pubkey(request, key) == 1 &&
                      X509_REQ_sign(request, key, EVP_sha256()) > 0 &&
                      PEM_write_bio_X509_REQ(bio, request) == 1;
    X509_REQ_free(request);
    return made ? 0 : -EINVAL;
}

int x509_request_create(const char *key_path, const char *name, const char *path)
{
    EVP_PKEY *key = NULL;
    int error = read_key(key_path, &key);
    if (error != 0)
        return error;
    BIO *bio = BIO_new(BIO_s_mem());
    error = bio != NULL ? make_request(key, name, bio) : -ENOMEM;
    if (error == 0)
        error = save_bio(path, 0644, bio);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return error;
}

/* --- what a certificate says --- */

static void copy_name(const X509 *certificate, char ret[X509_NAME_LEN])
{
    ret[0] = '\0';
    X509_NAME *subject = X509_get_subject_name(certificate);
    const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0)
        return;
    const ASN1_STRING *text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
    const size_t len = (size_t)ASN1_STRING_length(text);
    const unsigned char *bytes = ASN1_STRING_get0_data(text);
    for (size_t i = 0; i < len; i++)
        if (len >= X509_NAME_LEN || bytes[i] < 0x20 || bytes[i] > 0x7e)
            return;
    memcpy(ret, bytes, len);
    ret[len] = '\0';
}

static int copy_serial(const X509 *certificate, char ret[X509_SERIAL_LEN])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    const int len = ASN1_STRING_length(serial);
    if (len <= 0 || 2 * len >= X509_SERIAL_LEN)
        return -EBADMSG;
    return OPENSSL_buf2hexstr_ex(ret, X509_SERIAL_LEN, NULL, ASN1_STRING_get0_data(serial), (size_t)len,
                                 '\0') == 1
               ? 0
               : -EBADMSG;
}

static int copy_instant(const ASN1_TIME *time, int64_t *ret_utc_ms)
{
    struct tm utc;
    if (ASN1_TIME_to_tm(time, &utc) != 1)
        return -EBADMSG;
    *ret_utc_ms = (int64_t)timegm(&utc) * 1000;
    return 0;
}

static int describe(const X509 *certificate, struct x509_info *ret)
{
    struct x509_info info = {0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_len = 0;
    copy_name(certificate, info.name);
    int error = copy_serial(certificate, info.serial);
    if (error == 0)
        error = copy_instant(X509_get0_notBefore(certificate), &info.not_before_utc_ms);
    if (error == 0)
        error = copy_instant(X509_get0_notAfter(certificate), &info.not_after_utc_ms);
    if (error == 0 &&
        (X509_digest(certificate, EVP_sha256(), digest, &digest_len) != 1 ||
         OPENSSL_buf2hexstr_ex(info.fingerprint, X509_FINGERPRINT_LEN, NULL, digest, digest_len, '\0') != 1))
        error = -EBADMSG;
    if (error != 0)
        return error;
    *ret = info;
    return 0;
}

int x509_read(const char *path, struct x509_info *ret)
{
    X509 *certificate = NULL;
    int error = read_certificate(path, &certificate);
    if (error == 0)
        error = describe(certificate, ret);
    X509_free(certificate);
    return error;
}

int x509_read_der(const uint8_t *der, size_t len, struct x509_info *ret)
{
    const unsigned char *at = der;
    X509 *certificate = len <= INT32_MAX ? d2i_X509(NULL, &at, (long)len) : NULL;
    const int error = certificate != NULL && at == der + len ? describe(certificate, ret) : -EBADMSG;
    X509_free(certificate);
    return error;
}

int x509_check_pair(const char *certificate_path, const char *key_path)
{
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    int error = read_certificate(certificate_path, &certificate);
    if (error == 0)
        error = read_key(key_path, &key);
    if (error == 0 && X509_check_private_key(certificate, key) != 1)
        error = -EKEYREJECTED;
    EVP_PKEY_free(key);
    X509_free(certificate);
    return error;
}
