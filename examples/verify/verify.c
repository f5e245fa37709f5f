/* Judges a certificate: cc verify.c $(pkg-config --cflags --libs credimus); ./a.out FILE.cert genesis.json [HYPOTHESIS [P]] */
#include <credimus/verify.h>
#include <stdio.h>

static char certificate[1 << 20], json[1 << 18];
static unsigned char scratch[1 << 20], genesis[CREDIMUS_GENESIS_SIZE];

static size_t load(const char *path, char *to, size_t capacity) {
    FILE *file = fopen(path, "rb");
    size_t size = file != NULL ? fread(to, 1, capacity, file) : 0;
    if (file != NULL) (void)fclose(file);
    return size;
}

int main(int count, char **words) {
    struct credimus_policy policy = {.expect = count > 3 ? words[3] : NULL,
                                     .min_probability = count > 4 ? words[4] : NULL};
    struct credimus_verdict verdict;
    const char *step;
    size_t genesis_size = 0;
    if (count < 3) return CREDIMUS_MISUSE;
    size_t certificate_size = load(words[1], certificate, sizeof certificate);
    int reason =
        credimus_genesis_read(json, load(words[2], json, sizeof json), genesis, sizeof genesis, &genesis_size);
    if (reason != 0) return fprintf(stderr, "%s: %s\n", words[2], credimus_verify_text(reason)), CREDIMUS_MISUSE;
    int answer = credimus_judge((unsigned char *)certificate, certificate_size, genesis, genesis_size, &policy,
                                scratch, sizeof scratch, &verdict, &step);
    if (answer != CREDIMUS_HOLDS) return fprintf(stderr, "%s: it does not hold that %s\n", words[1], step), answer;
    printf("%s %s: %u of %u signed, %u would have had to lie\n", verdict.title, verdict.outcome, verdict.signers,
           verdict.members, verdict.flip_margin);
    return CREDIMUS_HOLDS;
}
