/* Writes the seeds of fuzz_snapshot again, after a change of the format: states of the random workload of the machine's
 * tests, of a few heights.
 *
 * usage: snapshot_seeds FOLDER      the folder of the target's seeds (fuzz/corpus/fuzz_snapshot) */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../tests/unit/machine/workload.h"
#include "snapshot_genesis.h"

static void write_seed(const char *folder, uint64_t height, struct slice seed) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/height-%03u", folder, (unsigned)height);
    FILE *file = fopen(path, "wb");
    bool written = file != NULL && fwrite(seed.data, 1, seed.bytes, file) == seed.bytes;
    if (file == NULL || fclose(file) != 0 || !written) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv) {
    static const uint64_t heights[] = {1, 3, 8, 13, 32, 64};
    struct genesis genesis;
    if (argc != 2) return EXIT_FAILURE;
    snapshot_genesis(&genesis);
    struct workload *workload = workload_new(SNAPSHOT_SEED_MEMBERS, 20261122);
    struct world *world = world_new_with_interval(&genesis, workload->book, SNAPSHOT_SEED_INTERVAL);
    for (size_t i = 0; i < sizeof heights / sizeof heights[0]; i++) {
        while (machine_height(world->machine) < heights[i]) {
            workload_next(workload, world->machine, &genesis);
            workload_execute(workload, world);
        }
        struct slice seed = world_save(world);
        write_seed(argv[1], heights[i], seed);
        free((void *)(uintptr_t)seed.data);
    }
    world_free(world);
    workload_free(workload);
    return EXIT_SUCCESS;
}
