/* A member's directory: whole ones load, and each file's faults are refused with the file's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "folder.h"
#include "node/config.h"
#include "node/keys.h"

static struct node_config config;
static struct config_detail detail;

static const char sample_config[] =
    "{\"member\": 1, \"listen\": \"127.0.0.1:7101\", \"api\": \"127.0.0.1:8101\", \"peers\": "
    "[\"127.0.0.1:7100\", \"127.0.0.1:7101\", \"[::1]:7102\", \"m3.example:7103\"]}";

/* The directory of member 1 of 4, with a key and a token, in a group with so many vacant places. */
static struct folder member_folder_with(uint32_t vacant) {
    struct folder folder = folder_new();
    struct genesis genesis = {
        .name = "test", .created_us = 1, .threshold = {3, 4}, .members = 4 + vacant, .vacant = vacant};
    genesis.state_bytes_max = STATE_BYTES_MIN;
    for (uint32_t i = 0; i < 4; i++) {
        (void)snprintf(genesis.member_names[i], sizeof genesis.member_names[i], "m%u", i);
        (void)unlink(folder_file(&folder, i == 1 ? "key" : "a"));
        assert_int_equal(key_create(folder.file, genesis.keys[i], &detail), STATUS_OK);
    }
    assert_int_equal(genesis_write(folder_file(&folder, "genesis.json"), &genesis, &detail), STATUS_OK);
    assert_int_equal(token_create(folder_file(&folder, "token"), &detail), STATUS_OK);
    folder_put(&folder, "config.json", sample_config, 0600);
    return folder;
}

static struct folder member_folder(void) { return member_folder_with(0); }

static void whole_directory_loads(void **state) {
    struct folder folder = member_folder();
    (void)state;
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_OK);
    assert_int_equal(config.member, 1);
    assert_string_equal(config.listen, "127.0.0.1:7101");
    assert_string_equal(config.api, "127.0.0.1:8101");
    assert_string_equal(config.peers[2], "[::1]:7102");
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.log_format, LOG_TEXT);
    assert_int_equal(config.lines[CONFIG_LOG_LEVEL], 0);
    assert_int_equal(config.lines[CONFIG_PEERS], 1);
    assert_string_equal(config.ledger_path, folder_file(&folder, "ledger.db"));
    assert_memory_equal(config.secret + SECRET_BYTES - KEY_BYTES, config.genesis.keys[1], KEY_BYTES);
    node_config_wipe(&config);
    for (size_t i = 0; i < sizeof config.secret; i++) assert_int_equal(config.secret[i], 0);
    assert_string_equal(config.token, "");
    folder_delete(&folder);
}

static void client_needs_no_key_and_the_public_no_token(void **state) {
    struct folder folder = member_folder();
    (void)state;
    assert_int_equal(unlink(folder_file(&folder, "key")), 0);
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_NOT_FOUND);
    assert_int_equal(node_config_load_client(folder.path, &config, &detail), STATUS_OK);
    assert_int_equal(strlen(config.token), CONFIG_TOKEN_CHARACTERS);
    assert_int_equal(unlink(folder_file(&folder, "token")), 0);
    assert_int_equal(node_config_load_client(folder.path, &config, &detail), STATUS_NOT_FOUND);
    assert_int_equal(node_config_load_public(folder.path, &config, &detail), STATUS_OK);
    assert_string_equal(config.token, "");
    folder_delete(&folder);
}

static void lesser_tokens_may_be_missing_but_not_bad(void **state) {
    struct folder folder = member_folder();
    (void)state;
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_OK);
    assert_string_equal(config.token_write, "");
    assert_int_equal(token_create(folder_file(&folder, "token-write"), &detail), STATUS_OK);
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_OK);
    assert_int_equal(strlen(config.token_write), CONFIG_TOKEN_CHARACTERS);
    assert_string_not_equal(config.token_write, config.token);
    assert_string_equal(config.token_read, "");
    assert_int_equal(chmod(folder_file(&folder, "token-write"), 0640), 0);
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_NOT_ALLOWED);
    folder_put(&folder, "token-write", "short\n", 0600);
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_BAD_FORMAT);
    /* Who is a client needs the first one only. */
    assert_int_equal(node_config_load_client(folder.path, &config, &detail), STATUS_OK);
    assert_int_equal(unlink(folder_file(&folder, "token-write")), 0);
    folder_delete(&folder);
}

static void written_configuration_reads_back(void **state) {
    struct folder folder = member_folder();
    static struct node_config read;
    (void)state;
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_OK);
    assert_int_equal(node_config_write(&config, &detail), STATUS_CONFLICT);
    assert_int_equal(unlink(folder_file(&folder, "config.json")), 0);
    assert_int_equal(node_config_write(&config, &detail), STATUS_OK);
    assert_int_equal(node_config_load(folder.path, &read, &detail), STATUS_OK);
    assert_memory_equal(read.peers, config.peers, sizeof read.peers);
    assert_int_equal(read.lines[CONFIG_LOG_LEVEL], 0);
    read.log_level = LOG_ERROR;
    read.lines[CONFIG_LOG_LEVEL] = 1;
    assert_int_equal(unlink(folder_file(&folder, "config.json")), 0);
    assert_int_equal(node_config_write(&read, &detail), STATUS_OK);
    assert_int_equal(node_config_load(folder.path, &read, &detail), STATUS_OK);
    assert_int_equal(read.log_level, LOG_ERROR);
    assert_int_equal(read.lines[CONFIG_LOG_FORMAT], 0);
    folder_delete(&folder);
}

/* Who comes later has a place that is vacant, and a key that the genesis does not know. */
static void newcomer_at_a_vacant_place_loads(void **state) {
    struct folder folder = member_folder_with(2);
    static const char text[] =
        "{\"member\": 5, \"listen\": \"127.0.0.1:7105\", \"api\": \"127.0.0.1:8105\", \"peers\": "
        "[\"a:1\", \"b:2\", null, \"d:4\", null, \"f:6\"]}";
    uint8_t key[KEY_BYTES];
    (void)state;
    folder_put(&folder, "config.json", text, 0600);
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_BAD_KEY);
    assert_non_null(strstr(detail.text, "not the key of member 5 but that of member 1 (m1)"));
    assert_int_equal(unlink(folder_file(&folder, "key")), 0);
    assert_int_equal(key_create(folder.file, key, &detail), STATUS_OK);
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_OK);
    assert_int_equal(config.member, 5);
    assert_string_equal(config.peers[2], "");
    assert_string_equal(config.peers[4], "");
    assert_string_equal(config.peers[5], "f:6");
    /* What is not known stays so when it is written. */
    static struct node_config read;
    assert_int_equal(unlink(folder_file(&folder, "config.json")), 0);
    assert_int_equal(node_config_write(&config, &detail), STATUS_OK);
    assert_int_equal(node_config_load(folder.path, &read, &detail), STATUS_OK);
    assert_memory_equal(read.peers, config.peers, sizeof read.peers);
    folder_delete(&folder);
}

/* The list of the genesis' members is enough, and no entry more than there are places. */
static void peers_of_vacant_places_may_be_left_out(void **state) {
    static const struct {
        const char *more;
        enum status status;
    } cases[] = {{"", STATUS_OK},
                 {", null", STATUS_OK},
                 {", \"e:5\"", STATUS_OK},
                 {", null, \"f:6\"", STATUS_OK},
                 {", null, null, null", STATUS_BAD_VALUE},
                 {", false", STATUS_BAD_FORMAT},
                 {", \"\"", STATUS_BAD_FORMAT}};
    struct folder folder = member_folder_with(2);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text, "%.*s%s]}", (int)(strlen(sample_config) - 2), sample_config, cases[i].more);
        folder_put(&folder, "config.json", text, 0600);
        assert_int_equal(node_config_load(folder.path, &config, &detail), cases[i].status);
        if (cases[i].status == STATUS_OK) assert_string_equal(config.peers[4], i == 2 ? "e:5" : "");
    }
    folder_delete(&folder);
}

static void keys_beside_the_key_load_when_they_are_there(void **state) {
    struct folder folder = member_folder();
    uint8_t next[KEY_BYTES];
    uint8_t old[KEY_BYTES];
    (void)state;
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_OK);
    assert_false(config.has_next_secret || config.has_old_secret);
    assert_int_equal(key_create(folder_file(&folder, "key.next"), next, &detail), STATUS_OK);
    assert_int_equal(key_create(folder_file(&folder, "key.old"), old, &detail), STATUS_OK);
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_OK);
    assert_true(config.has_next_secret && config.has_old_secret);
    assert_memory_equal(config.next_secret + SECRET_BYTES - KEY_BYTES, next, KEY_BYTES);
    assert_memory_equal(config.old_secret + SECRET_BYTES - KEY_BYTES, old, KEY_BYTES);
    assert_int_equal(chmod(folder_file(&folder, "key.next"), 0640), 0);
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_NOT_ALLOWED);
    folder_put(&folder, "key.next", "not a key\n", 0600);
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_BAD_FORMAT);
    assert_non_null(strstr(detail.text, "key.next"));
    node_config_wipe(&config);
    for (size_t i = 0; i < sizeof config.next_secret; i++) {
        assert_int_equal(config.next_secret[i], 0);
        assert_int_equal(config.old_secret[i], 0);
    }
    folder_delete(&folder);
}

/* Keys are found in the outermost object only: not in values, and not inside of them. */
static void keys_are_found_on_their_lines(void **state) {
    static const char text[] =
        "{\n  \"log_format\": \"json\",\n  \"member\": 1,\n\n  \"listen\":\n \"127.0.0.1:7101\", "
        "\"api\": \"api:1\",\n  \"peers\": [\"log_level:1\",\n \"peers:2\", \"b:3\", \"c:4\"]\n,"
        "\"log_level\"\n: \"debug\"}";
    struct folder folder = member_folder();
    (void)state;
    folder_put(&folder, "config.json", text, 0600);
    assert_int_equal(node_config_load(folder.path, &config, &detail), STATUS_OK);
    assert_int_equal(config.lines[CONFIG_LOG_FORMAT], 2);
    assert_int_equal(config.lines[CONFIG_MEMBER], 3);
    assert_int_equal(config.lines[CONFIG_LISTEN], 5);
    assert_int_equal(config.lines[CONFIG_API], 6);
    assert_int_equal(config.lines[CONFIG_PEERS], 7);
    assert_int_equal(config.lines[CONFIG_LOG_LEVEL], 9);
    assert_int_equal(config.log_level, LOG_DEBUG);
    assert_int_equal(config.log_format, LOG_JSON);
    folder_delete(&folder);
}

static void faults_are_refused_by_name(void **state) {
    static const struct {
        const char *from;
        const char *to;
        enum status status;
        const char *says;
    } cases[] = {
        {"\"member\": 1", "\"member\": 4", STATUS_UNKNOWN_MEMBER, "0 to 3"},
        {"\"member\": 1", "\"member\": -1", STATUS_UNKNOWN_MEMBER, "0 to 3"},
        {"\"member\": 1", "\"member\": 2", STATUS_BAD_KEY, "not the key of member 2 but that of member 1"},
        {"\"member\": 1", "\"member\": \"1\"", STATUS_BAD_FORMAT, "integer"},
        {"\"member\": 1", "\"member\": 1, \"member\": 1", STATUS_BAD_FORMAT, "duplicate"},
        {"\"member\": 1", "\"member\": 1, \"port\": 1", STATUS_BAD_FORMAT, "port"},
        {"\"member\": 1,", "", STATUS_BAD_FORMAT, "member"},
        {"\"member\": 1", "\n\"member\": 1,\n\"port\": 1", STATUS_BAD_FORMAT, "line 3: unknown key \"port\""},
        {"\"member\": 1", "\"member\": 1, \"log_level\": \"loud\"", STATUS_BAD_VALUE, "\"debug\", \"info\""},
        {"\"member\": 1", "\"member\": 1, \"log_level\": 1", STATUS_BAD_VALUE, "log_level"},
        {"\"member\": 1", "\"member\": 1, \"log_format\": \"xml\"", STATUS_BAD_VALUE, "\"text\" or \"json\""},
        {"\"member\": 1", "\"member\": 1, \"requests_per_second\": -1", STATUS_BAD_VALUE, "0 to 1000000"},
        {"\"member\": 1", "\"member\": 1, \"requests_per_second\": 1000001", STATUS_BAD_VALUE, "0 to 1000000"},
        {"\"member\": 1", "\"member\": 1, \"requests_per_second\": 1.5", STATUS_BAD_VALUE, "integer"},
        {"\"member\": 1", "\"member\": 1, \"retain\": 1023", STATUS_BAD_VALUE, "from 1024 to"},
        {"\"member\": 1", "\"member\": 1, \"retain\": -1", STATUS_BAD_VALUE, "keep every block"},
        {"127.0.0.1:8101", "127.0.0.1", STATUS_BAD_FORMAT, "api"},
        {"127.0.0.1:8101", "127.0.0.1:65536", STATUS_BAD_VALUE, "api"},
        {", \"m3.example:7103\"", "", STATUS_BAD_VALUE, "4 addresses"},
        {"\"m3.example:7103\"", "7103", STATUS_BAD_FORMAT, "peer"},
        {"}", "", STATUS_BAD_FORMAT, "line 1"},
        {"}", "} {}", STATUS_BAD_FORMAT, "line 1"},
    };
    struct folder folder = member_folder();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char changed[1024];
        const char *at = strstr(sample_config, cases[i].from);
        assert_non_null(at);
        (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - sample_config), sample_config, cases[i].to,
                       at + strlen(cases[i].from));
        folder_put(&folder, "config.json", changed, 0600);
        assert_int_equal(node_config_load(folder.path, &config, &detail), cases[i].status);
        if (strstr(detail.text, cases[i].says) == NULL) fail_msg("%s: %s", cases[i].to, detail.text);
        assert_non_null(strstr(detail.text, folder.path));
    }
    folder_delete(&folder);
}

static void addresses_split_into_host_and_port(void **state) {
    static const struct {
        const char *address;
        enum status status;
        const char *host;
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:1", STATUS_OK, "127.0.0.1", 1},      {"name.example:65535", STATUS_OK, "name.example", 65535},
        {"[::1]:7100", STATUS_OK, "::1", 7100},          {"::1:7100", STATUS_BAD_FORMAT, NULL, 0},
        {"127.0.0.1:65536", STATUS_BAD_VALUE, NULL, 0},  {"127.0.0.1:0", STATUS_BAD_FORMAT, NULL, 0},
        {"127.0.0.1:07100", STATUS_BAD_FORMAT, NULL, 0}, {"127.0.0.1:+710", STATUS_BAD_FORMAT, NULL, 0},
        {"127.0.0.1:", STATUS_BAD_FORMAT, NULL, 0},      {"127.0.0.1", STATUS_BAD_FORMAT, NULL, 0},
        {":7100", STATUS_BAD_FORMAT, NULL, 0},           {"[]:7100", STATUS_BAD_FORMAT, NULL, 0},
        {"a b:7100", STATUS_BAD_FORMAT, NULL, 0},        {"http://a:7100", STATUS_BAD_FORMAT, NULL, 0},
    };
    char host[CONFIG_ADDRESS_BYTES];
    uint16_t port;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(config_address_split(cases[i].address, host, &port), cases[i].status);
        if (cases[i].status != STATUS_OK) continue;
        assert_string_equal(host, cases[i].host);
        assert_int_equal(port, cases[i].port);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_directory_loads),
        cmocka_unit_test(client_needs_no_key_and_the_public_no_token),
        cmocka_unit_test(lesser_tokens_may_be_missing_but_not_bad),
        cmocka_unit_test(written_configuration_reads_back),
        cmocka_unit_test(newcomer_at_a_vacant_place_loads),
        cmocka_unit_test(peers_of_vacant_places_may_be_left_out),
        cmocka_unit_test(keys_beside_the_key_load_when_they_are_there),
        cmocka_unit_test(keys_are_found_on_their_lines),
        cmocka_unit_test(faults_are_refused_by_name),
        cmocka_unit_test(addresses_split_into_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
