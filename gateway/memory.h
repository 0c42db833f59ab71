/* Keeping a process small that runs for months on a small computer. */
#ifndef BUSWARDEN_MEMORY_H
#define BUSWARDEN_MEMORY_H

enum { MEMORY_TRIM_MS = 60000 }; /* how often it is worth while */

/* At the start, before any thread: one heap for all threads. They allocate little, and each heap of its own
 * would keep what a TLS handshake or a licence once took. */
void memory_start(void);

/* Give back what only the start, a handshake or a new licence needed: free heap, and the program's and the
 * libraries' pages of code and constants. Those in use come back from the page cache by themselves, within
 * microseconds each. */
void memory_trim(void);

#endif
