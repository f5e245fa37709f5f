/* Runs the library with the heap poisoned and every system call forbidden: `quiet FILE.cert genesis.json`. Whatever is allocated,
 * read or written while it works ends the process by a signal. Exits with what credimus_judge answered. */
#include <credimus/evidence.h>
#include <credimus/verify.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static char certificate[1 << 20], json[1 << 18];
static unsigned char scratch[1 << 20], genesis[CREDIMUS_GENESIS_SIZE];
static volatile int armed;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
    if (armed) __builtin_trap();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    if (armed) __builtin_trap();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    if (armed) __builtin_trap();
    return __libc_realloc(old, size);
}

void free(void *memory) {
    if (armed) __builtin_trap();
    __libc_free(memory);
}

static size_t load(const char *path, char *to, size_t capacity) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) abort();
    size_t size = fread(to, 1, capacity, file);
    (void)fclose(file);
    return size;
}

/* From here on the process may end and nothing else. A system that has no such filters runs the rest without. */
static void forbid_system_calls(void) {
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* the number of the call */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {.len = sizeof rules / sizeof rules[0], .filter = rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        (void)fprintf(stderr, "quiet: no seccomp here, the heap alone is watched\n");
}

/* An item, a body and a signed header, checked again. */
static int make_evidence(const unsigned char chain[32]) {
    static unsigned char item[256], body[512], header[CREDIMUS_HEADER_SIZE];
    static const unsigned char seed[CREDIMUS_SEED_SIZE] = {1}, question[CREDIMUS_QUESTION_SIZE] = {2};
    unsigned char secret[CREDIMUS_SECRET_SIZE], key[CREDIMUS_KEY_SIZE];
    const struct credimus_header fields = {.member = 0, .seq = 1, .wall_us = 1};
    struct credimus_item items[1] = {{item, 0}};
    size_t body_size, header_size;
    if (credimus_key(seed, secret, key) != 0) return 1;
    if (credimus_retract_encode(question, "o", item, sizeof item, &items[0].size) != 0) return 1;
    if (credimus_body_encode(items, 1, body, sizeof body, &body_size) != 0) return 1;
    if (credimus_header_sign(&fields, body, body_size, chain, secret, header, sizeof header, &header_size, NULL) != 0)
        return 1;
    return credimus_batch_verify(header, header_size, body, body_size, chain, key, NULL, NULL);
}

int main(int count, char **words) {
    const struct credimus_policy policy = {.min_probability = "0.5"};
    struct credimus_verdict verdict;
    unsigned char chain[32];
    size_t genesis_size = 0;
    if (count != 3) return 100;
    size_t certificate_size = load(words[1], certificate, sizeof certificate);
    size_t json_size = load(words[2], json, sizeof json);
    forbid_system_calls();
    armed = 1;
    if (credimus_genesis_read(json, json_size, genesis, sizeof genesis, &genesis_size) != 0) _exit(101);
    if (credimus_chain(genesis, genesis_size, chain) != 0 || make_evidence(chain) != 0) _exit(102);
    int answer = credimus_judge((unsigned char *)certificate, certificate_size, genesis, genesis_size, &policy,
                                scratch, sizeof scratch, &verdict, NULL);
    _exit(answer);
}
