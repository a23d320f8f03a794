export const reveal = {
  open: '查看脱敏信息',
  title: '查看订单 {{order}} 的脱敏信息',
  lead: '明文由系统组别 {{system}} 的客户端实时提供，不会保存。谁在何时因何查看，均记入审计日志。',
  fields: '要查看的字段',
  fieldsNeeded: '请至少选择一个字段',
  act_other: '查看 {{count}} 个字段',
  shown: '关闭后不再显示。',
  value: '明文',
  field: '字段',
  nothing: '没有值',
  close: '关闭',
} as const;
