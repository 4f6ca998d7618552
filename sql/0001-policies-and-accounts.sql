-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (c) 2026 The livechat-sla authors
--
-- Version 1 of the schema: accounts, SLA policies and their history.
--
-- It runs unchanged on MySQL 8.0.16 or later and on MariaDB 10.6 or later. What was chosen for that:
--   * ENGINE=InnoDB and a character set stand at each table: defaults differ between servers and are the administrator's to change.
--   * utf8mb4 COLLATE utf8mb4_bin is the one collation both have that compares by code point. It pads: "a" and "a " are the same
--     name. Ids and digests have it too, though they are ASCII: parameters arrive as utf8mb4, and a column of another character set
--     would have to be converted row by row to be compared.
--   * DATETIME(3), always written as UTC: TIMESTAMP ends in 2038 on MySQL.
--   * TINYINT with a CHECK for truth values; VARCHAR with a CHECK where others take ENUM: its order and its errors differ.
--   * A PRIMARY KEY at every table: Galera and group replication need it.
--   * No sequence, UUID type, RETURNING, JSON type or functional index: each is known to one of the two alone.
--
-- A statement ends with ";" at the end of a line. Each can be run again, so that a run that broke off is repeated from the start;
-- the version row is written last and stands for the whole.

CREATE TABLE IF NOT EXISTS schema_version (
	version INT NOT NULL,
	applied_at DATETIME(3) NOT NULL,
	PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- password_hash is bcrypt of the lower-case hexadecimal SHA-256 of the password; NULL: this user logs in by token alone.
CREATE TABLE IF NOT EXISTS users (
	id CHAR(17) NOT NULL,
	username VARCHAR(255) NOT NULL,
	name VARCHAR(255) NOT NULL DEFAULT '',
	email VARCHAR(254) NULL,
	password_hash VARCHAR(100) NULL,
	active TINYINT NOT NULL DEFAULT 1,
	created_at DATETIME(3) NOT NULL,
	updated_at DATETIME(3) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY users_username (username),
	UNIQUE KEY users_email (email),
	CONSTRAINT users_id_form CHECK (id REGEXP '^[0-9A-Za-z]{17}$'),
	CONSTRAINT users_username_form CHECK (CHAR_LENGTH(username) >= 1),
	CONSTRAINT users_active_form CHECK (active IN (0, 1))
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A token itself is never stored: digest is base64 of its SHA-256, last_part its last six characters, for people to tell tokens apart.
-- Personal access tokens have a name, unique for the user; tokens made by a login have none.
CREATE TABLE IF NOT EXISTS tokens (
	digest CHAR(44) NOT NULL,
	user_id CHAR(17) NOT NULL,
	name VARCHAR(255) NULL,
	last_part CHAR(6) NOT NULL,
	created_at DATETIME(3) NOT NULL,
	expires_at DATETIME(3) NULL,
	last_used_at DATETIME(3) NULL,
	PRIMARY KEY (digest),
	UNIQUE KEY tokens_user_name (user_id, name),
	CONSTRAINT tokens_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT tokens_digest_form CHECK (CHAR_LENGTH(digest) = 44),
	CONSTRAINT tokens_name_form CHECK (CHAR_LENGTH(name) >= 1)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS roles (
	id VARCHAR(64) NOT NULL,
	name VARCHAR(64) NOT NULL,
	description VARCHAR(255) NOT NULL DEFAULT '',
	PRIMARY KEY (id),
	UNIQUE KEY roles_name (name),
	CONSTRAINT roles_name_form CHECK (CHAR_LENGTH(name) >= 1)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS permissions (
	id VARCHAR(64) NOT NULL,
	updated_at DATETIME(3) NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS user_roles (
	user_id CHAR(17) NOT NULL,
	role_id VARCHAR(64) NOT NULL,
	PRIMARY KEY (user_id, role_id),
	KEY user_roles_role (role_id),
	CONSTRAINT user_roles_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT user_roles_role FOREIGN KEY (role_id) REFERENCES roles (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS role_permissions (
	role_id VARCHAR(64) NOT NULL,
	permission_id VARCHAR(64) NOT NULL,
	PRIMARY KEY (role_id, permission_id),
	KEY role_permissions_permission (permission_id),
	CONSTRAINT role_permissions_role FOREIGN KEY (role_id) REFERENCES roles (id) ON DELETE CASCADE,
	CONSTRAINT role_permissions_permission FOREIGN KEY (permission_id) REFERENCES permissions (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The two unique keys are the only judges of a duplicate. created_by and updated_by hold a user's id without a foreign key: a user
-- can be removed, and who did what must still be known then.
CREATE TABLE IF NOT EXISTS sla_policies (
	id CHAR(24) NOT NULL,
	name VARCHAR(255) NOT NULL,
	description VARCHAR(4000) NOT NULL,
	due_time_in_minutes INT NOT NULL,
	created_at DATETIME(3) NOT NULL,
	created_by VARCHAR(64) NOT NULL,
	updated_at DATETIME(3) NOT NULL,
	updated_by VARCHAR(64) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY sla_policies_name (name),
	UNIQUE KEY sla_policies_due_time (due_time_in_minutes),
	CONSTRAINT sla_policies_id_form CHECK (id REGEXP '^[0-9a-f]{24}$'),
	CONSTRAINT sla_policies_name_form CHECK (CHAR_LENGTH(name) >= 1),
	CONSTRAINT sla_policies_due_time_form CHECK (due_time_in_minutes >= 1)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Each row is a policy as it was before change_kind was done to it. No foreign key: it outlives its policy. change_id is made by the
-- program before the first attempt: after a lost connection it tells whether the change was carried out.
CREATE TABLE IF NOT EXISTS sla_policy_history (
	id BIGINT NOT NULL AUTO_INCREMENT,
	change_id CHAR(24) NOT NULL,
	policy_id CHAR(24) NOT NULL,
	change_kind VARCHAR(6) NOT NULL,
	changed_at DATETIME(3) NOT NULL,
	changed_by VARCHAR(64) NOT NULL,
	name VARCHAR(255) NOT NULL,
	description VARCHAR(4000) NOT NULL,
	due_time_in_minutes INT NOT NULL,
	created_at DATETIME(3) NOT NULL,
	created_by VARCHAR(64) NOT NULL,
	updated_at DATETIME(3) NOT NULL,
	updated_by VARCHAR(64) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY sla_policy_history_change (change_id),
	KEY sla_policy_history_policy (policy_id, id),
	CONSTRAINT sla_policy_history_kind CHECK (change_kind IN ('PUT', 'DELETE'))
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO roles (id, name, description) VALUES
	('admin', 'admin', 'Administrator'),
	('app', 'app', 'App'),
	('bot', 'bot', 'Bot'),
	('livechat-agent', 'livechat-agent', 'Livechat agent'),
	('livechat-manager', 'livechat-manager', 'Livechat manager'),
	('livechat-monitor', 'livechat-monitor', 'Livechat monitor'),
	('user', 'user', 'User')
ON DUPLICATE KEY UPDATE id = id;

INSERT INTO permissions (id, updated_at) VALUES
	('access-permissions', UTC_TIMESTAMP(3)),
	('api-bypass-rate-limit', UTC_TIMESTAMP(3)),
	('create-personal-access-tokens', UTC_TIMESTAMP(3)),
	('manage-livechat-sla', UTC_TIMESTAMP(3)),
	('view-l-room', UTC_TIMESTAMP(3))
ON DUPLICATE KEY UPDATE id = id;

INSERT INTO role_permissions (permission_id, role_id) VALUES
	('access-permissions', 'admin'),
	('api-bypass-rate-limit', 'admin'),
	('api-bypass-rate-limit', 'app'),
	('api-bypass-rate-limit', 'bot'),
	('create-personal-access-tokens', 'admin'),
	('create-personal-access-tokens', 'user'),
	('manage-livechat-sla', 'admin'),
	('manage-livechat-sla', 'livechat-manager'),
	('view-l-room', 'admin'),
	('view-l-room', 'livechat-agent'),
	('view-l-room', 'livechat-manager'),
	('view-l-room', 'livechat-monitor')
ON DUPLICATE KEY UPDATE role_id = role_id;

INSERT INTO schema_version (version, applied_at) VALUES (1, UTC_TIMESTAMP(3));
