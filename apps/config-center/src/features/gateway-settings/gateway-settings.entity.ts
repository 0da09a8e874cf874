/** What gateways run by, per level. */
import type { GatewaySettingsValues, SettingsLevel } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('gateway_settings')
export class GatewaySettingsEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  settings_id!: number;

  @Column({ type: 'varchar', length: 20 })
  level!: SettingsLevel;

  @Column({ type: 'varchar', length: 100 })
  level_name!: string;

  @Column({ type: 'json' })
  values!: GatewaySettingsValues;
}
