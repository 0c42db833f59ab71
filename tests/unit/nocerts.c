/* Criterion's libgit2 reads every certificate that the system trusts when it starts, and each test is a
 * process that starts it. No test asks a git server: with this in place of the library's own function none is
 * read, which is a fifth of the processor time of all unit tests. */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);

int mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
    (void)chain;
    (void)path;
    return 0;
}
