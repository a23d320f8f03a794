-- readable-from: 0015
-- One index says what a problem is known by and finds it by its order number; there were two, and each new problem paid
-- for both.
ALTER TABLE piculus.problems ADD CONSTRAINT problems_identity UNIQUE (business_key, sys_code, fix_code);
ALTER TABLE piculus.problems DROP CONSTRAINT problems_sys_code_fix_code_business_key_key;
DROP INDEX piculus.problems_by_business_key;
