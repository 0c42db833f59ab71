/* A workbook is whole when each of its parts is: an archive may be sound, and what is in it torn. */
#include "bureau/report/whole.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

static char path[] = "/tmp/buswarden-whole-XXXXXX";

static void make_file(void)
{
    const int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void remove_file(void)
{
    unlink(path);
}

TestSuite(report_whole, .init = make_file, .fini = remove_file);

static int with(const char *const *parts, const size_t *lens, size_t n)
{
    char name[40];
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(name, sizeof name, "part%zu.xml", i);
        cr_assert_geq(
            zip_file_add(archive, name, zip_source_buffer(archive, parts[i], lens[i], 0), ZIP_FL_OVERWRITE),
            0);
    }
    cr_assert_eq(zip_close(archive), 0);
    return whole_check(path);
}

static int with_part(const char *part)
{
    const char *const parts[] = {"<?xml version=\"1.0\"?>\n<Types><Default/></Types>", part};
    const size_t lens[] = {strlen(parts[0]), strlen(part)};
    return with(parts, lens, 2);
}

Test(report_whole, a_part_ends_with_the_end_of_its_document)
{
    static const struct {
        const char *part;
        int rc;
    } cases[] = {
        {"<?xml version=\"1.0\"?>\n<worksheet xmlns=\"x\"><row/></worksheet>", 0},
        {"<?xml version=\"1.0\"?>\n<worksheet><row/></worksheet>\n", 0},
        {"<?xml version=\"1.0\"?>\n<!-- a --><xdr:wsDr xmlns:xdr=\"x\"></xdr:wsDr>", 0},
        {"<?xml version=\"1.0\"?>\n<worksheet><row/>", -EIO},
        {"<?xml version=\"1.0\"?>\n<worksheet><row></row>", -EIO},
        {"<?xml version=\"1.0\"?>\n<worksheet><row></row></work", -EIO},
        {"<?xml version=\"1.0\"?>\n", -EIO},
        {"", -EIO},
        {"</worksheet>", -EIO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(with_part(cases[i].part), cases[i].rc, "%s", cases[i].part);
}

Test(report_whole, a_part_may_be_longer_than_what_is_read_at_once)
{
    enum { ROWS = 20000 };
    static char part[ROWS * 6 + 64];
    size_t len = (size_t)snprintf(part, sizeof part, "<worksheet>");
    for (int i = 0; i < ROWS; i++, len += 6)
        memcpy(part + len, "<row/>", 6);
    part[len] = '\0';
    const char *const torn[] = {part};
    for (size_t cut = 0; cut < 6; cut++)
        cr_expect_eq(with(torn, &(size_t){len - cut}, 1), -EIO, "%zu", cut);
    len += (size_t)snprintf(part + len, 32, "</worksheet>");
    cr_expect_eq(with(torn, &len, 1), 0);
}

Test(report_whole, a_part_of_zero_bytes_is_none)
{
    static const char zeros[9000];
    const char *const parts[] = {zeros};
    cr_expect_eq(with(parts, &(size_t){sizeof zeros}, 1), -EIO);
}

Test(report_whole, what_is_no_archive_is_not_whole)
{
    cr_expect_eq(whole_check(path), -EIO, "an empty file");
    cr_expect_eq(whole_check("/nonexistent/a.xlsx"), -EIO);
}
