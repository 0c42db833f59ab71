/* What a client takes, what it holds, and what is sent then. */
#include "bureau/api/negotiate.h"
#include "bureau/api/body.h"
#include "bureau/api/files.h"
#include "bureau/api/gzip.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

Test(negotiate, gzip_goes_to_those_who_take_it)
{
    static const struct {
        const char *header;
        bool gzip;
    } table[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZIP", true},
        {"x-gzip", true},
        {"gzip, deflate, br", true},
        {"deflate, gzip;q=1.0, *;q=0.5", true},
        {"br;q=1.0,gzip;q=0.8,*;q=0.1", true},
        {"*", true},
        {"*;q=0", false},
        {"gzip;q=0", false},
        {"gzip;q=0.000", false},
        {"gzip;q=0, *", false},
        {"*, gzip;q=0", false},
        {"identity", false},
        {"identity;q=1, gzip;q=0.5", false},
        {"identity;q=0.5, gzip", true},
        {"identity;q=0, gzip;q=0.001", true},
        {"deflate", false},
        {"gzipped", false},
        {"not-gzip", false},
        {"gzip ; q=0.5", true},
        {"gzip;\tQ=0.5 ,deflate", true},
        /* no weights: unwelcome, rather than guessed */
        {"gzip;q=", false},
        {"gzip;q=1.001", false},
        {"gzip;q=2", false},
        {"gzip;q=-1", false},
        {"gzip;q=0.0000", false},
        {"gzip;q=nan", false},
        {"gzip;level=9", false},
        {"gzip;", false},
        {";q=1", false},
        {",,,;;;===", false},
        {",gzip,", true},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        cr_expect_eq(negotiate_gzip(table[i].header), table[i].gzip, "%s", table[i].header);
}

Test(negotiate, what_is_held_is_found_in_the_list)
{
    static const struct {
        const char *header;
        bool held;
    } table[] = {
        {NULL, false},
        {"", false},
        {"\"a-1\"", true},
        {"W/\"a-1\"", true},
        {"*", true},
        {" * ", true},
        {"*, \"b\"", false},
        {"\"b\", \"a-1\"", true},
        {"\"b\",W/\"a-1\" , \"c\"", true},
        {"\"a-1-gz\"", false},
        {"\"a-\"", false},
        {"\"a,-1\", \"a-1\"", true},
        {"a-1", false},
        {"\"a-1", false},
        {"\"", false},
        {"W/", false},
        {"W/a-1", false},
        {"\"b\" junk \"a-1\"", false},
        {",,\"a-1\"", true},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        cr_expect_eq(negotiate_is_held(table[i].header, "\"a-1\""), table[i].held, "%s", table[i].header);
}

/* Headers are an attacker's words: every text ends, and none is read beyond its end (sanitizers). */
Test(negotiate, any_bytes_are_taken)
{
    static const char alphabet[] = "gzip;q=01.*, \t\"W/identity-\x80\xff";
    unsigned state = 4711;
    for (int round = 0; round < 200000; round++) {
        char *text = malloc(24);
        size_t n = 0;
        for (; n < (size_t)(round % 23); n++) {
            state = state * 1664525 + 1013904223;
            text[n] = alphabet[(state >> 16) % (sizeof(alphabet) - 1)];
        }
        text[n] = '\0';
        char *exact = strdup(text);
        (void)negotiate_gzip(exact);
        (void)negotiate_is_held(exact, "\"a\"");
        free(exact);
        free(text);
    }
}

static char *unpacked(const char *packed, size_t packed_len, size_t len)
{
    char *text = calloc(1, len + 1);
    z_stream stream = {.avail_in = (uInt)packed_len, .next_out = (Bytef *)text, .avail_out = (uInt)len + 1};
    stream.next_in = (Bytef *)(uintptr_t)packed;
    cr_assert_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    cr_assert_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    cr_assert_eq(stream.total_out, len);
    (void)inflateEnd(&stream);
    return text;
}

static char *repeated(const char *word, size_t n)
{
    char *text = calloc(n, strlen(word) + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * strlen(word), word, strlen(word));
    return text;
}

Test(negotiate, a_body_unpacks_to_itself_and_has_two_tags)
{
    char *text = repeated("浙J12345,", 1000);
    const size_t len = strlen(text);
    struct body *body = body_create(strdup(text), len), *same = body_create(strdup(text), len);
    cr_assert(body && same);
    cr_assert(body->gzip);
    cr_expect_lt(body->gzip_len, len / 10);
    char *back = unpacked(body->gzip, body->gzip_len, len);
    cr_expect_str_eq(back, text);
    cr_expect_str_eq(body->etag, same->etag, "of the bytes");
    cr_expect_str_neq(body->etag, body->gzip_etag);
    cr_expect_eq(body->etag[0], '"');
    cr_expect_eq(body->gzip_etag[strlen(body->gzip_etag) - 1], '"');
    text[0]++;
    struct body *other = body_create(strdup(text), len);
    cr_expect_str_neq(body->etag, other->etag);
    body_release(body_hold(body));
    body_release(body);
    body_release(same);
    body_release(other);
    free(back);
    free(text);
}

Test(negotiate, what_does_not_shrink_stays_as_it_is)
{
    char *packed = NULL, noise[4096];
    size_t packed_len = 0;
    unsigned state = 1;
    for (size_t i = 0; i < sizeof(noise); i++) {
        state = state * 1664525 + 1013904223;
        noise[i] = (char)(state >> 24);
    }
    cr_expect_eq(gzip_pack(noise, sizeof(noise), &packed, &packed_len), -ENOSPC);
    cr_expect_eq(gzip_pack("short", 5, &packed, &packed_len), -ENOSPC);
    cr_expect_null(packed);
}

/* --- files --- */

static char path[] = "/tmp/buswarden-files-XXXXXX";
static int fd;

static void make_file(void)
{
    fd = mkstemp(path);
    cr_assert(fd >= 0);
}

static void remove_file(void)
{
    (void)close(fd);
    (void)unlink(path);
}

static struct body *get(struct files *files, const char *name)
{
    struct body *body = NULL;
    struct stat status;
    cr_assert_eq(fstat(fd, &status), 0);
    cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
    cr_assert_eq(files_get(files, name, fd, &status, &body), 0);
    return body;
}

Test(files, a_file_is_kept_until_it_changes, .init = make_file, .fini = remove_file)
{
    struct files *files;
    cr_assert_eq(files_create(&files), 0);
    cr_assert_eq(write(fd, "one", 3), 3);
    struct body *first = get(files, path), *again = get(files, path);
    cr_expect_eq(first, again);
    cr_assert_eq(pwrite(fd, "more", 4, 3), 4);
    struct body *changed = get(files, path);
    cr_expect_neq(changed, first);
    cr_expect_eq(changed->len, 7);
    cr_expect_eq(memcmp(first->data, "one", 3), 0, "whoever still sends it has it");
    body_release(first);
    body_release(again);
    body_release(changed);
    files_destroy(files);
}

Test(files, more_files_than_fit_push_out_those_asked_for_longest_ago, .init = make_file, .fini = remove_file)
{
    struct files *files;
    char name[32];
    cr_assert_eq(files_create(&files), 0);
    cr_assert_eq(write(fd, "x", 1), 1);
    struct body *kept = get(files, "kept");
    for (int i = 0; i < 3 * FILES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "file-%d", i);
        body_release(get(files, name));
        struct body *still = get(files, "kept");
        cr_assert_eq(still, kept, "%s pushed it out", name);
        body_release(still);
    }
    body_release(kept);
    files_destroy(files);
}

Test(files, what_is_too_large_or_changes_meanwhile_is_told, .init = make_file, .fini = remove_file)
{
    struct files *files;
    struct body *body = NULL;
    struct stat status;
    cr_assert_eq(files_create(&files), 0);
    cr_assert_eq(ftruncate(fd, FILES_LEN_MAX + 1), 0);
    cr_assert_eq(fstat(fd, &status), 0);
    cr_expect_eq(files_get(files, path, fd, &status, &body), -EFBIG);
    status.st_size = 10; /* as it was when it was looked at */
    cr_expect_eq(files_get(files, path, fd, &status, &body), -EAGAIN);
    cr_expect_null(body);
    files_destroy(files);
}
