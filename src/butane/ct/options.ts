/**
 * The command-line options of etcd and flannel for each version, in the order in which the transpiler writes them
 * (config/types of flatcar/container-linux-config-transpiler 0.9.4). `#` marks an integer, `?` marks a boolean. No I/O.
 */
import type { Version } from './version.ts';

export interface Option {
  readonly name: string;
  readonly kind: 'text' | 'integer' | 'flag';
}

const ETCD_2_3 = `
  advertise_client_urls ca_file cert_file client_cert_auth? cors data_dir debug? discovery discovery_fallback
  discovery_srv discovery_proxy election_timeout# enable_pprof? force_new_cluster? heartbeat_interval#
  initial_advertise_peer_urls initial_cluster initial_cluster_state initial_cluster_token key_file
  listen_client_urls listen_peer_urls log_package_levels max_snapshots# max_wals# name peer_ca_file peer_cert_file
  peer_key_file peer_client_cert_auth? peer_trusted_ca_file proxy proxy_dial_timeout# proxy_failure_wait#
  proxy_read_timeout# proxy_refresh_interval# proxy_write_timeout# snapshot_count# strict_reconfig_check?
  trusted_ca_file wal_dir
`;

const ETCD_3_0 = `
  name data_dir wal_dir snapshot_count# heartbeat_interval# election_timeout# enable_pprof? listen_peer_urls
  listen_client_urls max_snapshots# max_wals# cors initial_advertise_peer_urls initial_cluster
  initial_cluster_state initial_cluster_token advertise_client_urls discovery discovery_srv discovery_fallback
  discovery_proxy strict_reconfig_check? auto_compaction_retention# proxy proxy_failure_wait#
  proxy_refresh_interval# proxy_dial_timeout# proxy_write_timeout# proxy_read_timeout# ca_file cert_file key_file
  client_cert_auth? trusted_ca_file auto_tls? peer_ca_file peer_cert_file peer_key_file peer_client_cert_auth?
  peer_trusted_ca_file peer_auto_tls? debug? log_package_levels force_new_cluster?
`;

const ETCD_3_2 = `
  name data_dir wal_dir snapshot_count# heartbeat_interval# election_timeout# enable_pprof? enable_v2?
  listen_peer_urls listen_client_urls max_snapshots# max_wals# cors initial_advertise_peer_urls initial_cluster
  initial_cluster_state initial_cluster_token advertise_client_urls discovery discovery_srv discovery_fallback
  discovery_proxy strict_reconfig_check? auto_compaction_retention# proxy proxy_failure_wait#
  proxy_refresh_interval# proxy_dial_timeout# proxy_write_timeout# proxy_read_timeout# ca_file cert_file key_file
  client_cert_auth? trusted_ca_file auto_tls? peer_ca_file peer_cert_file peer_key_file peer_client_cert_auth?
  peer_trusted_ca_file peer_auto_tls? auth_token debug? log_package_levels force_new_cluster? metrics log_output
`;

const ETCD_3_3 = `
  name data_dir wal_dir snapshot_count# heartbeat_interval# election_timeout# enable_pprof? enable_v2?
  listen_peer_urls listen_client_urls max_snapshots# max_wals# cors quota_backend_bytes# max_txn_ops#
  max_request_bytes# grpc_keepalive_min_time grpc_keepalive_interval grpc_keepalive_timeout
  initial_advertise_peer_urls initial_cluster initial_cluster_state initial_cluster_token advertise_client_urls
  discovery discovery_srv discovery_fallback discovery_proxy strict_reconfig_check? auto_compaction_retention
  auto_compaction_mode proxy proxy_failure_wait# proxy_refresh_interval# proxy_dial_timeout# proxy_write_timeout#
  proxy_read_timeout# ca_file cert_file key_file client_cert_auth? client_crl_file trusted_ca_file auto_tls?
  peer_ca_file peer_cert_file peer_key_file peer_client_cert_auth? peer_crl_file peer_trusted_ca_file
  peer_auto_tls? peer_cert_allowed_cn auth_token debug? log_package_levels force_new_cluster? metrics log_output
  listen_metrics_urls experimental_initial_corrupt_check? experimental_corrupt_check_time experimental_enable_v2v3
`;

const ETCD_3_4 = `
  name data_dir wal_dir snapshot_count# heartbeat_interval# election_timeout# initial_election_tick_advance?
  listen_peer_urls listen_client_urls max_snapshots# max_wals# quota_backend_bytes# backend_batch_interval
  backend_batch_limit# max_txn_ops# max_request_bytes# grpc_keepalive_min_time grpc_keepalive_interval
  grpc_keepalive_timeout initial_advertise_peer_urls initial_cluster initial_cluster_state initial_cluster_token
  advertise_client_urls discovery discovery_fallback discovery_proxy discovery_srv discovery_srv_name
  strict_reconfig_check? pre_vote? auto_compaction_retention auto_compaction_mode enable_v2? cert_file key_file
  client_cert_auth? client_crl_file client_cert_allowed_hostname trusted_ca_file auto_tls? peer_cert_file
  peer_key_file peer_client_cert_auth? peer_trusted_ca_file peer_cert_allowed_cn peer_cert_allowed_hostname
  peer_auto_tls? peer_crl_file cipher_suites cors host_whitelist auth_token bcrypt_cost# auth_token_ttl#
  enable_pprof? metrics listen_metrics_urls logger log_outputs log_level proxy proxy_failure_wait#
  proxy_refresh_interval# proxy_dial_timeout# proxy_write_timeout# proxy_read_timeout#
  experimental_initial_corrupt_check? experimental_corrupt_check_time experimental_enable_v2v3
  experimental_backend_bbolt_freelist_type experimental_enable_lease_checkpoint?
  experimental_compaction_batch_limit# experimental_watch_progress_notify_interval
  experimental_warning_apply_duration force_new_cluster? debug? log_package_levels
`;

const ETCD_3_5 = `
  name data_dir wal_dir snapshot_count# heartbeat_interval# election_timeout# initial_election_tick_advance?
  listen_peer_urls listen_client_urls max_snapshots# max_wals# quota_backend_bytes# backend_bbolt_freelist_type
  backend_batch_interval backend_batch_limit# max_txn_ops# max_request_bytes# grpc_keepalive_min_time
  grpc_keepalive_interval grpc_keepalive_timeout socket_reuse_port? socket_reuse_address?
  initial_advertise_peer_urls initial_cluster initial_cluster_state initial_cluster_token advertise_client_urls
  discovery discovery_fallback discovery_proxy discovery_srv discovery_srv_name strict_reconfig_check? pre_vote?
  auto_compaction_retention auto_compaction_mode enable_v2? v2_deprecation cert_file key_file client_cert_auth?
  client_crl_file client_cert_allowed_hostname trusted_ca_file auto_tls? peer_cert_file peer_key_file
  peer_client_cert_auth? peer_trusted_ca_file peer_cert_allowed_cn peer_cert_allowed_hostname peer_auto_tls?
  self_signed_cert_validity# peer_crl_file cipher_suites cors host_whitelist auth_token bcrypt_cost#
  auth_token_ttl# enable_pprof? metrics listen_metrics_urls logger log_outputs log_level enable_log_rotation?
  log_rotation_config_json experimental_enable_distributed_tracing? experimental_distributed_tracing_address
  experimental_distributed_tracing_service_name experimental_distributed_tracing_instance_id proxy
  proxy_failure_wait# proxy_refresh_interval# proxy_dial_timeout# proxy_write_timeout# proxy_read_timeout#
  experimental_initial_corrupt_check? experimental_corrupt_check_time experimental_enable_v2v3
  experimental_enable_lease_checkpoint? experimental_compaction_batch_limit#
  experimental_watch_progress_notify_interval experimental_warning_apply_duration
  experimental_txn_mode_write_with_shared_buffer? force_new_cluster? unsafe_no_fsync?
`;

const FLANNEL_0_5 = `
  etcd_endpoints etcd_cafile etcd_certfile etcd_keyfile etcd_prefix ip_masq subnet_file interface public_ip
`;

const optionsOf = (names: string): Option[] =>
  names
    .split(/\s+/)
    .filter((name) => name !== '')
    .map((name) => {
      if (name.endsWith('#')) return { name: name.slice(0, -1), kind: 'integer' };
      return name.endsWith('?') ? { name: name.slice(0, -1), kind: 'flag' } : { name, kind: 'text' };
    });

type VersionNumbers = Version['numbers'];

/**
 * Returns the options of an etcd version, or those of the newest one when `version` is absent. The list is empty for a
 * version that the transpiler does not list.
 */
export function etcdOptions(version: VersionNumbers | undefined): readonly Option[] {
  const [major, minor] = version ?? [3, 5];
  if (major === 2) return minor >= 3 ? optionsOf(ETCD_2_3) : [];
  if (major !== 3) return [];
  const byMinor = [ETCD_3_0, `${ETCD_3_0} metrics log_output`, ETCD_3_2, ETCD_3_3, ETCD_3_4];
  return optionsOf(byMinor[minor] ?? ETCD_3_5);
}

/**
 * Returns the options of a flannel version, or those of 0.6 when `version` is absent. The list is empty for a version
 * that the transpiler does not list.
 */
export function flannelOptions(version: VersionNumbers | undefined): readonly Option[] {
  const [major, minor] = version ?? [0, 6];
  if (major !== 0 || minor < 5) return [];
  if (minor === 5) return optionsOf(FLANNEL_0_5);
  const options = `etcd_username etcd_password ${FLANNEL_0_5}`;
  return optionsOf(minor === 6 ? options : `${options} kube_subnet_mgr?`);
}
