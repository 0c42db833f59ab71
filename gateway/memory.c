#define _GNU_SOURCE /* dl_iterate_phdr */
#include "gateway/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RANGES_MAX = 256 }; /* two or three an object; what is beyond stays resident */

/* What may be let go of: noted once, at the start. The program and the libraries that it was linked with stay
 * where they are until it ends; those that are loaded later may go, and their addresses become another's. */
static struct {
    uintptr_t begin;
    size_t len;
} ranges[RANGES_MAX];
static size_t n_ranges;

/* The loader gives addresses as numbers. */
static void *at(uintptr_t address)
{
    return (void *)address; // NOLINT(performance-no-int-to-ptr)
}

/* The loader has written to such an object's code. */
static bool has_written_code(const struct dl_phdr_info *object)
{
    for (int i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry = at(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == DT_TEXTREL ||
                (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0))
                return true;
    }
    return false;
}

/* Segments that were never writable hold nothing that the file does not. The kernel's own object has no file.
 */
static int note(struct dl_phdr_info *object, size_t size, void *context)
{
    (void)size;
    const uintptr_t page = *(const uintptr_t *)context;
    if (object->dlpi_addr == getauxval(AT_SYSINFO_EHDR) || has_written_code(object))
        return 0;
    for (int i = 0; i < object->dlpi_phnum && n_ranges < RANGES_MAX; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0)
            continue;
        const uintptr_t begin = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        const uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_filesz;
        ranges[n_ranges].begin = begin;
        ranges[n_ranges++].len = end - begin;
    }
    return 0;
}

void memory_start(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)mallopt(M_ARENA_MAX, 1);
    n_ranges = 0;
    (void)dl_iterate_phdr(note, &page);
}

void memory_trim(void)
{
    (void)malloc_trim(0);
    for (size_t i = 0; i < n_ranges; i++) /* refused, the pages stay, as without it */
        (void)madvise(at(ranges[i].begin), ranges[i].len, MADV_DONTNEED);
}
