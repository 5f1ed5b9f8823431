-- Takes back all that 0011 changed; rights that 0009 takes back anyway stay until then.
CREATE INDEX user_email_keys_key ON ops.user_email_keys (email_key);
ALTER SCHEMA staging OWNER TO CURRENT_USER;
