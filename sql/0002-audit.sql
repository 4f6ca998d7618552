-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (c) 2026 The livechat-sla authors
--
-- Version 2 of the schema: who changed which account, and the order in which rights are taken away.

-- One row for each change of an account, a right or a token, and for each refused login; written in the transaction that it tells of.
-- user_id, username: who did it. user_id is NULL for one who is no user of ours: an administrator at the command line (username is then
-- "cli:NAME"), or nobody, as a login is refused (username is then ""). target: the user or the permission that it was done to. No foreign
-- keys: rows outlive their users. change_id is made by the program before the first attempt, and all rows of one change share it: after
-- a lost connection it tells whether the change was carried out.
CREATE TABLE IF NOT EXISTS audit (
	id BIGINT NOT NULL AUTO_INCREMENT,
	change_id CHAR(24) NOT NULL,
	at DATETIME(3) NOT NULL,
	user_id CHAR(17) NULL,
	username VARCHAR(255) NOT NULL,
	address VARCHAR(45) NOT NULL,
	action VARCHAR(32) NOT NULL,
	target VARCHAR(255) NOT NULL,
	detail VARCHAR(255) NOT NULL,
	PRIMARY KEY (id),
	KEY audit_change (change_id),
	KEY audit_at (at),
	KEY audit_username (username),
	KEY audit_target (target)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One row, written by each change that could leave nobody with the right to change rights: so these changes follow each other, on the
-- nodes of a cluster, too, where a lock held on one is not seen by the others.
CREATE TABLE IF NOT EXISTS access_guard (
	id TINYINT NOT NULL,
	changes BIGINT NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO access_guard (id, changes) VALUES (1, 0) ON DUPLICATE KEY UPDATE id = id;

INSERT INTO schema_version (version, applied_at) VALUES (2, UTC_TIMESTAMP(3));
