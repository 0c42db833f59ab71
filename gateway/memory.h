/* Keeping a process small that runs for months on a small computer. */
#ifndef BUSWARDEN_MEMORY_H
#define BUSWARDEN_MEMORY_H

enum { MEMORY_TRIM_MS = 30000 }; /* how often it is worth while */

/* At the start, before any thread and any dlopen(). One heap for all threads: they allocate little, and each
 * heap of its own would keep what a TLS handshake or a licence once took. And it notes which pages
 * memory_trim() may let go of: code and constants of the program and of the libraries that it was linked
 * with, as they are in their files. Not those of a library loaded later, nor one whose code the loader has
 * written to. */
void memory_start(void);

/* Give back what only the start, a handshake or a new licence needed: free heap, and the pages that
 * memory_start() noted. Those in use come back from the page cache by themselves, within microseconds each. A
 * debugger's breakpoints are such pages too, and are lost. */
void memory_trim(void);

#endif
